"""The pods behind a release, as the watcher saw them last."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from clusters.models import Observation, WatchState
from clusters.observe import read
from deployments.engine.workload import same_template, template_of
from deployments.models import Release
from deployments.revisions import images_of

MOST_SHOWN = 60


@dataclass(frozen=True)
class PodRow:
    """One pod. `state` is a word of web.states; `reason` and `message` are the cluster's own."""

    name: str
    is_new: bool
    version: str
    state: str
    reason: str
    message: str
    restarts: int
    node: str
    started: datetime | None

    @property
    def is_failing(self) -> bool:
        return self.state == "failed"


@dataclass(frozen=True)
class Pods:
    """The pods of a workload: troubled ones first, then new before old. `left_out` counts those past MOST_SHOWN."""

    rows: list[PodRow] = field(default_factory=list)
    as_of: datetime | None = None
    left_out: int = 0


def pods_of(release: Release) -> Pods:
    """The pods of the release's workload, and which are of the new version. Four queries, no cluster asked."""
    target = release.target
    watch = WatchState.objects.filter(cluster_id=target.cluster_id, kind="Pod").first()
    as_of = watch.contact_at if watch else None
    deployment = read.observed(target.cluster_id, "Deployment", target.namespace, target.workload)
    if deployment is None:
        return Pods(as_of=as_of)
    sets = read.observed_many(target.cluster_id, "ReplicaSet", target.namespace, owner_uids=[deployment.uid])
    new = _new_sets(release, sets)
    pods = read.observed_many(target.cluster_id, "Pod", target.namespace, owner_uids=[one.uid for one in sets])
    old_label = release.from_revision.label if release.from_revision else _("old")
    rows = [_row(pod, pod.owner_uid in new, release.label if pod.owner_uid in new else old_label) for pod in pods]
    rows.sort(key=lambda row: (not row.is_failing, not row.is_new, row.state == "ready", row.name))
    return Pods(rows[:MOST_SHOWN], as_of, max(0, len(rows) - MOST_SHOWN))


def new_replica_sets(release: Release) -> list[str]:
    """Names of the ReplicaSets of its workload that run the release's template, as far as known. Two queries."""
    target = release.target
    deployment = read.observed(target.cluster_id, "Deployment", target.namespace, target.workload)
    if deployment is None:
        return []
    sets = read.observed_many(target.cluster_id, "ReplicaSet", target.namespace, owner_uids=[deployment.uid])
    new = _new_sets(release, sets)
    return sorted(one.name for one in sets if one.uid in new)


def _new_sets(release: Release, sets: list[Observation]) -> set[str]:
    """Uids of the ReplicaSets that run the release's template.

    While the release runs they are kept whole and compared exactly. Later only their images are known; where old and
    new have the same images, the newest ReplicaSet is taken.
    """
    whole = [one for one in sets if one.whole is not None]
    if whole and release.template_to:
        return {one.uid for one in whole if same_template(template_of(one.whole or {}), release.template_to)}
    wanted = images_of(release.template_to) or release.images
    fitting = [one for one in sets if one.slim.get("images") == wanted]
    if images_of(release.template_from) == wanted:
        fitting = sorted(fitting, key=_revision)[-1:]
    return {one.uid for one in fitting}


def _revision(replica_set: Observation) -> int:
    text = str(replica_set.slim.get("revision") or "0")
    return int(text) if text.isdigit() else 0


def _row(pod: Observation, is_new: bool, version: str) -> PodRow:
    slim: dict[str, Any] = pod.slim
    reason, message = _trouble(slim)
    return PodRow(
        name=pod.name,
        is_new=is_new,
        version=version,
        state=_state(pod, reason),
        reason=reason,
        message=message,
        restarts=int(slim.get("restarts") or 0),
        node=str(slim.get("node") or ""),
        started=parse_datetime(str(slim.get("started") or "")),
    )


def _trouble(slim: dict[str, Any]) -> tuple[str, str]:
    """What keeps the pod from running, in the cluster's words; ("", "") when nothing does."""
    for container in [*slim.get("init_containers", []), *slim.get("containers", [])]:
        state = container.get("state") or {}
        if state.get("is") == "waiting" and state.get("reason") not in (
            None,
            "",
            "ContainerCreating",
            "PodInitializing",
        ):
            return str(state["reason"]), str(state.get("message") or _last_end(container))
    scheduled = (slim.get("conditions") or {}).get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return str(scheduled.get("reason") or "Unschedulable"), str(scheduled.get("message") or "")
    if slim.get("phase") == "Failed":
        return str(slim.get("reason") or "Failed"), str(slim.get("message") or "")
    return "", ""


def _last_end(container: dict[str, Any]) -> str:
    last = container.get("last_state") or {}
    if last.get("is") != "terminated":
        return ""
    return _("It ended with exit code %(code)s.") % {"code": last.get("exit_code")}


def _state(pod: Observation, reason: str) -> str:
    if (pod.slim.get("deleting") or "") != "":
        return "terminating"
    if reason:
        return "failed"
    return "ready" if pod.slim.get("ready") else "not_ready"
