"""Whether an object of a release is ready, by its own status: the rules of `kubectl rollout status` and `helm --wait`.

Pure. Sources: kubectl `pkg/polymorphichelpers/rollout_status.go`, Helm `pkg/kube/ready.go`.
"""

from __future__ import annotations

from typing import Any, Literal

from django.utils.translation import gettext as _

State = Literal["ready", "waiting", "failed"]
Verdict = tuple[State, str]
Json = dict[str, Any]


def readiness(item: Json) -> Verdict:
    """The state of a live object, and why. Kinds without a notion of being ready are ready once they are there."""
    judge = _JUDGES.get(str(item.get("kind")))
    if (item.get("metadata") or {}).get("deletionTimestamp"):
        return "waiting", _("is being deleted")
    return judge(item) if judge else ("ready", _("is there"))


def _deployment(item: Json) -> Verdict:
    spec, status = _spec(item), _status(item)
    wanted = spec.get("replicas", 1)
    if (why := _stale(item)) is not None:
        return why
    if spec.get("paused"):
        return "ready", _("is paused")
    progressing = _condition(item, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return "failed", _("exceeded its progress deadline")
    updated, total, available = (_count(status, name) for name in ("updatedReplicas", "replicas", "availableReplicas"))
    if updated < wanted:
        return "waiting", _("%(done)d of %(wanted)d Pods are of the new template") % {"done": updated, "wanted": wanted}
    if total > updated:
        return "waiting", _("%(count)d old Pods are still there") % {"count": total - updated}
    if available < wanted:
        return "waiting", _("%(done)d of %(wanted)d Pods are available") % {"done": available, "wanted": wanted}
    return "ready", _("%(done)d of %(wanted)d Pods are available") % {"done": available, "wanted": wanted}


def _stateful_set(item: Json) -> Verdict:
    spec, status = _spec(item), _status(item)
    wanted = spec.get("replicas", 1)
    if (why := _stale(item)) is not None:
        return why
    strategy = spec.get("updateStrategy") or {}
    ready = _count(status, "readyReplicas")
    said = _("%(done)d of %(wanted)d Pods are ready") % {"done": ready, "wanted": wanted}
    if strategy.get("type") == "OnDelete":
        return ("ready" if ready >= wanted else "waiting"), said
    kept = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    updated = _count(status, "updatedReplicas")
    if updated < wanted - kept or ready < wanted:
        return "waiting", said
    return "ready", said


def _daemon_set(item: Json) -> Verdict:
    status = _status(item)
    if (why := _stale(item)) is not None:
        return why
    wanted = _count(status, "desiredNumberScheduled")
    updated, available = _count(status, "updatedNumberScheduled"), _count(status, "numberAvailable")
    is_on_delete = (_spec(item).get("updateStrategy") or {}).get("type") == "OnDelete"
    said = _("%(done)d of %(wanted)d Pods are available") % {"done": available, "wanted": wanted}
    if available < wanted or (updated < wanted and not is_on_delete):
        return "waiting", said
    return "ready", said


def _replica_set(item: Json) -> Verdict:
    wanted, ready = _spec(item).get("replicas", 1), _count(_status(item), "readyReplicas")
    said = _("%(done)d of %(wanted)d Pods are ready") % {"done": ready, "wanted": wanted}
    return ("ready" if ready >= wanted else "waiting"), said


def _job(item: Json) -> Verdict:
    if _condition(item, "Failed").get("status") == "True":
        return "failed", str(_condition(item, "Failed").get("message") or _("the Job failed"))[:500]
    if _condition(item, "Complete").get("status") == "True":
        return "ready", _("is complete")
    return "waiting", _("runs")


def _pod(item: Json) -> Verdict:
    status = _status(item)
    phase = str(status.get("phase") or "Pending")
    if phase == "Succeeded" or _condition(item, "Ready").get("status") == "True":
        return "ready", phase
    if phase == "Failed":
        return "failed", str(status.get("message") or _("the Pod failed"))[:500]
    return "waiting", phase


def _claim(item: Json) -> Verdict:
    phase = str(_status(item).get("phase") or "Pending")
    if phase == "Lost":
        return "failed", _("its volume is lost")
    return ("ready" if phase == "Bound" else "waiting"), phase


def _definition(item: Json) -> Verdict:
    if _condition(item, "NamesAccepted").get("status") == "False":
        return "failed", str(_condition(item, "NamesAccepted").get("message") or "")[:500]
    is_served = _condition(item, "Established").get("status") == "True"
    return ("ready", _("is served")) if is_served else ("waiting", _("is not served yet"))


def _kubernetes_service(item: Json) -> Verdict:
    spec = _spec(item)
    if spec.get("type") != "LoadBalancer" or spec.get("externalIPs"):
        return "ready", _("is there")
    if (_status(item).get("loadBalancer") or {}).get("ingress"):
        return "ready", _("has an address")
    return "waiting", _("waits for an address of the load balancer")


_JUDGES = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
    "Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "CustomResourceDefinition": _definition,
    "Service": _kubernetes_service,
}


def _stale(item: Json) -> Verdict | None:
    generation = (item.get("metadata") or {}).get("generation", 0)
    if _count(_status(item), "observedGeneration") < generation:
        return "waiting", _("its controller has not seen the change yet")
    return None


def _condition(item: Json, name: str) -> Json:
    held = _status(item).get("conditions") or []
    return next((each for each in held if isinstance(each, dict) and each.get("type") == name), {})


def _spec(item: Json) -> Json:
    held = item.get("spec")
    return held if isinstance(held, dict) else {}


def _status(item: Json) -> Json:
    held = item.get("status")
    return held if isinstance(held, dict) else {}


def _count(status: Json, name: str) -> int:
    value = status.get(name)
    return value if isinstance(value, int) else 0
