"""What the seven components of a cluster were seen to be. Pure: evidence in, components out.

Nothing is called healthy that was not observed. `source` says how it was observed: `probe` (asked itself), `lease`
(renews its leader lease), `pod`, `node`, `inferred` (another component vouches for it), `none`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Status = Literal["healthy", "degraded", "unhealthy", "unknown"]
Source = Literal["probe", "lease", "pod", "node", "inferred", "none"]

COMPONENTS = (
    "kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager", "kubelet", "kube-proxy", "coredns",
)  # fmt: skip

# A kubelet renews its lease every 10 s; the controller manager gives up on a node after 50 s (its default since 1.32).
NODE_LEASE_LATE_SECONDS = 50
_NAMES_SHOWN = 5
_LINES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer of a verbose health path: each check by name with whether it passed. `why` stands in for no answer."""

    path: str
    http_status: int = 0
    checks: dict[str, bool] = field(default_factory=dict)
    why: str = ""

    @property
    def failed(self) -> list[str]:
        return [name for name, passed in self.checks.items() if not passed]


@dataclass(frozen=True, slots=True)
class LeaderLease:
    """The lease of a component's leader. `found` is False when there is none, `why` says why it could not be read."""

    name: str
    found: bool = False
    holder: str = ""
    renewed_at: datetime | None = None
    duration_seconds: int = 15
    why: str = ""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """One node as it was last observed; `ready` is None when its kubelet has stopped reporting."""

    name: str
    ready: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadSeen:
    """A DaemonSet or Deployment of kube-system, or the Pods of a label where there is neither."""

    kind: str
    name: str
    desired: int
    ready: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was gathered about one cluster at one time (`at`).

    `validities` say how long the certificates and tokens of the connection are good. `is_current` says whether what was
    observed (nodes, pods, workloads, as of `observed_at`) is being watched now.
    """

    at: datetime
    unreachable: str = ""
    livez: Probe = Probe("/livez")
    readyz: Probe = Probe("/readyz")
    leader_leases: dict[str, LeaderLease] = field(default_factory=dict)
    node_leases: dict[str, datetime] = field(default_factory=dict)
    node_leases_why: str = ""
    nodes: Sequence[NodeSeen] = ()
    static_pods: dict[str, WorkloadSeen] = field(default_factory=dict)
    workloads: dict[str, WorkloadSeen] = field(default_factory=dict)
    validities: Sequence[dict[str, Any]] = ()
    is_current: bool = True
    observed_at: datetime | None = None

    def current_static_pods(self, name: str) -> WorkloadSeen | None:
        """The static Pods of a component, unless nobody watches them now: an old count proves nothing."""
        return self.static_pods.get(name) if self.is_current else None


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    status: Status
    source: Source
    message: str
    evidence: list[str]
    observed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The shape of the API."""
        return {
            "name": self.name,
            "status": self.status,
            "source": self.source,
            "evidence": self.evidence,
            "message": self.message,
            "observed_at": self.observed_at.isoformat() if self.observed_at else None,
        }


def judge(evidence: Evidence) -> list[Component]:
    """The seven components, in the order of COMPONENTS."""
    if evidence.unreachable:
        return [_unreachable_api_server(evidence), *(_out_of_sight(name) for name in COMPONENTS[1:])]
    return [
        _api_server(evidence),
        _etcd(evidence),
        _leader("kube-scheduler", evidence),
        _leader("kube-controller-manager", evidence),
        _kubelets(evidence),
        _workload("kube-proxy", evidence, _("DaemonSet kube-proxy or Pods labelled k8s-app=kube-proxy")),
        _workload("coredns", evidence, _("Deployment coredns or Pods labelled k8s-app=kube-dns")),
    ]


def overall(components: Sequence[Component]) -> Status:
    """The worst that was observed; unknown when nothing was."""
    seen = {component.status for component in components}
    for status in ("unhealthy", "degraded", "healthy"):
        if status in seen:
            return status
    return "unknown"


def _unreachable_api_server(evidence: Evidence) -> Component:
    message = _("The API server does not answer: %(why)s.") % {"why": evidence.unreachable.rstrip(".")}
    return Component("kube-apiserver", "unhealthy", "probe", message, [evidence.unreachable], evidence.at)


def _out_of_sight(name: str) -> Component:
    return Component(name, "unknown", "none", _("Nothing can be seen while the API server does not answer."), [], None)


def _api_server(evidence: Evidence) -> Component:
    probes = (evidence.livez, evidence.readyz)
    lines = [_probe_line(probe) for probe in probes]
    failed = sorted({name for probe in probes for name in probe.failed})
    # Behind one address stand several API servers: the probe asks one of them, their Pods tell of all.
    pods = evidence.current_static_pods("kube-apiserver")
    if pods:
        lines.append(_count_line(pods))
    if pods and pods.ready < pods.desired and all(probe.http_status == 200 for probe in probes):
        status: Status = "degraded"
        message = _("This one is live and ready, but only %(ready)d of %(desired)d are.") % {
            "ready": pods.ready, "desired": pods.desired,
        }  # fmt: skip
    elif all(probe.http_status == 200 for probe in probes):
        status = "healthy"
        message = _("Live and ready by its own checks.")
    elif any(probe.http_status in {0, 401, 403, 404} for probe in probes):
        status = "unknown"
        message = _("It answers, but its health cannot be read with these credentials.")
    elif evidence.livez.http_status == 200:
        status = "degraded"
        message = _("Live but not ready: %(checks)s.") % {"checks": _some(failed)}
    else:
        status = "unhealthy"
        message = _("Not live: %(checks)s.") % {"checks": _some(failed)}
    return Component("kube-apiserver", status, "probe", message, lines, evidence.at)


def _etcd(evidence: Evidence) -> Component:
    checks = {name: passed for name, passed in evidence.readyz.checks.items() if name.partition("-")[0] == "etcd"}
    lines = [_check_line(evidence.readyz.path, name, passed) for name, passed in checks.items()]
    pods = evidence.current_static_pods("etcd")
    if pods:
        lines.append(_count_line(pods))
    if not checks and not pods:
        message = _("Looked for etcd checks in /readyz and for Pods of etcd in kube-system, and found neither.")
        return Component("etcd", "unknown", "none", message, lines, None)
    if not checks and pods:
        return Component("etcd", *_by_count(pods), lines, evidence.observed_at)
    if not all(checks.values()):
        return Component(
            "etcd", "unhealthy", "inferred", _("The API server reports that it cannot use etcd."), lines, evidence.at
        )
    if pods and pods.ready < pods.desired:
        message = _("The API server can use etcd, but not all of its Pods are ready.")
        return Component("etcd", "degraded", "inferred", message, lines, evidence.at)
    message = _("Inferred: the API server says that it can use etcd. etcd itself cannot be asked from here.")
    return Component("etcd", "healthy", "inferred", message, lines, evidence.at)


def _leader(name: str, evidence: Evidence) -> Component:
    """A leader that renews its lease is alive; the lease's own duration says when it is late."""
    lease = evidence.leader_leases.get(name, LeaderLease(name))
    pods = evidence.current_static_pods(name)
    lines = [_count_line(pods)] if pods else []
    if not lease.found or lease.renewed_at is None:
        looked = lease.why or _("there is no lease %(name)s in kube-system") % {"name": name}
        if pods:
            return Component(name, *_by_count(pods), [*lines, looked], evidence.observed_at)
        message = _("Looked for its leader lease and its Pods in kube-system: %(why)s.") % {"why": looked}
        return Component(name, "unknown", "none", message, lines, None)
    age = max(0, round((evidence.at - lease.renewed_at).total_seconds()))
    lines.insert(0, _("lease of %(holder)s renewed %(age)d s ago") % {"holder": lease.holder or "?", "age": age})
    if age > 4 * lease.duration_seconds:
        message = _("Nobody has renewed the leader lease for %(age)d s.") % {"age": age}
        return Component(name, "unhealthy", "lease", message, lines, evidence.at)
    if age > lease.duration_seconds:
        message = _("The leader is late: its lease ran out %(age)d s ago.") % {"age": age - lease.duration_seconds}
        return Component(name, "degraded", "lease", message, lines, evidence.at)
    if pods and pods.ready < pods.desired:
        message = _("A leader works, but not all of its Pods are ready.")
        return Component(name, "degraded", "lease", message, lines, evidence.at)
    return Component(name, "healthy", "lease", _("A leader renews its lease."), lines, evidence.at)


def _kubelets(evidence: Evidence) -> Component:
    if not evidence.is_current:
        return _not_current("kubelet", evidence)
    nodes = evidence.nodes
    if not nodes:
        message = _("Looked for nodes, and there are none.")
        return Component("kubelet", "unknown", "none", message, [], evidence.observed_at)
    ready = [node for node in nodes if node.ready]
    late = _late_leases(evidence)
    lines = [_("%(ready)d of %(all)d nodes Ready") % {"ready": len(ready), "all": len(nodes)}]
    lines += [
        f"{node.name}: {node.message or (_('not ready') if node.ready is False else _('no word from it'))}"
        for node in nodes
        if not node.ready
    ][:_LINES_SHOWN]
    if evidence.node_leases:
        lines.append(_lease_line(evidence))
    elif evidence.node_leases_why:
        lines.append(evidence.node_leases_why)
    if not ready:
        return Component("kubelet", "unhealthy", "node", _("No node is Ready."), lines, evidence.observed_at)
    if len(ready) < len(nodes):
        names = _some([node.name for node in nodes if not node.ready])
        return Component(
            "kubelet", "degraded", "node", _("Not Ready: %(nodes)s.") % {"nodes": names}, lines, evidence.observed_at
        )
    if late:
        message = _("Late with their heartbeat: %(nodes)s.") % {"nodes": _some(late)}
        return Component("kubelet", "degraded", "node", message, lines, evidence.observed_at)
    return Component("kubelet", "healthy", "node", _("All nodes are Ready."), lines, evidence.observed_at)


def _late_leases(evidence: Evidence) -> list[str]:
    ready = {node.name for node in evidence.nodes if node.ready}
    return sorted(
        name
        for name, renewed in evidence.node_leases.items()
        if name in ready and (evidence.at - renewed).total_seconds() > NODE_LEASE_LATE_SECONDS
    )


def _workload(name: str, evidence: Evidence, looked_for: str) -> Component:
    if not evidence.is_current:
        return _not_current(name, evidence)
    seen = evidence.workloads.get(name)
    if seen is None:
        message = _(
            "Looked in kube-system for %(what)s, and found none: it may not run here, or under another name."
        ) % {"what": looked_for}
        return Component(name, "unknown", "none", message, [], evidence.observed_at)
    return Component(name, *_by_count(seen), [_count_line(seen)], evidence.observed_at)


def _not_current(name: str, evidence: Evidence) -> Component:
    message = _("The cluster is not being watched right now, so what was last seen of it proves nothing.")
    return Component(name, "unknown", "none", message, [], evidence.observed_at)


def _by_count(seen: WorkloadSeen) -> tuple[Status, Source, str]:
    if seen.desired == 0:
        return "unknown", "none", _("%(kind)s %(name)s asks for no Pods.") % {"kind": seen.kind, "name": seen.name}
    counts = {"ready": seen.ready, "desired": seen.desired}
    if seen.ready == 0:
        return "unhealthy", "pod", _("None of %(desired)d Pods is ready.") % counts
    if seen.ready < seen.desired:
        return "degraded", "pod", _("Only %(ready)d of %(desired)d Pods are ready.") % counts
    return "healthy", "pod", _("All Pods are ready.")


def _probe_line(probe: Probe) -> str:
    if probe.why:
        return f"{probe.path}: {probe.why}"
    passed = len(probe.checks) - len(probe.failed)
    counted = ngettext("%(count)d check passed", "%(count)d checks passed", passed) % {"count": passed}
    failed = _("failed: %(checks)s") % {"checks": _some(probe.failed)} if probe.failed else ""
    return ", ".join(part for part in (f"{probe.path}: {probe.http_status}", counted, failed) if part)


def _check_line(path: str, name: str, passed: bool) -> str:
    return f"{path} [{'+' if passed else '-'}]{name}"


def _count_line(seen: WorkloadSeen) -> str:
    return _("%(kind)s %(name)s: %(ready)d of %(desired)d ready") % {
        "kind": seen.kind, "name": seen.name, "ready": seen.ready, "desired": seen.desired,
    }  # fmt: skip


def _lease_line(evidence: Evidence) -> str:
    ages = [max(0, round((evidence.at - renewed).total_seconds())) for renewed in evidence.node_leases.values()]
    return _("node leases renewed %(least)d to %(most)d s ago") % {"least": min(ages), "most": max(ages)}


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return _("%(names)s and %(count)d more") % {"names": shown, "count": more} if more > 0 else shown
