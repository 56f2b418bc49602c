"""Which ReplicaSets of a target are the new version and which the old, and how often their containers restarted.

From the watcher's rows while they are current, else from the API server itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.observe import read
from deployments.engine.json import Json
from deployments.engine.workload import owner_uid, same_template, template_of
from deployments.models import Release
from deployments.observe import look_live
from deployments.queries.pods import new_replica_sets
from services.models import Target

Names = tuple[str, ...]


@dataclass(frozen=True)
class Versions:
    """Names of the ReplicaSets of each version, the old ones that are still asked to have Pods; and `restarts` of all,
    by name, None where no Pod is seen."""

    new: Names = ()
    old: Names = ()
    restarts: dict[str, int] | None = None

    def restarts_of(self, names: Names) -> float | None:
        """How often the containers of these ReplicaSets' Pods restarted, None where they have none."""
        found = [count for name, count in (self.restarts or {}).items() if name in names]
        return float(sum(found)) if found else None


def versions_at(target: Target, release: Release | None) -> Versions:
    """The versions that run at the target now; without a release all is old. An empty answer where nothing is seen."""
    if read.watching(target.cluster_id, "Deployment", "ReplicaSet", "Pod"):
        return _from_rows(target, release)
    return _from_cluster(target, release)


def _from_rows(target: Target, release: Release | None) -> Versions:
    deployment = read.observed(target.cluster_id, "Deployment", target.namespace, target.workload)
    if deployment is None:
        return Versions()
    sets = read.observed_many(target.cluster_id, "ReplicaSet", target.namespace, owner_uids=[deployment.uid])
    new = tuple(new_replica_sets(release)) if release else ()
    old = tuple(sorted(one.name for one in sets if one.name not in new and int(one.slim.get("desired") or 0)))
    names = {one.uid: one.name for one in sets}
    pods = read.observed_many(target.cluster_id, "Pod", target.namespace, owner_uids=list(names))
    restarts: dict[str, int] = {}
    for pod in pods:
        name = names[pod.owner_uid]
        restarts[name] = restarts.get(name, 0) + int(pod.slim.get("restarts") or 0)
    return Versions(new, old, restarts)


def _from_cluster(target: Target, release: Release | None) -> Versions:
    seen = look_live(target.cluster, target.namespace, target.workload)
    wanted = release.template_to if release else None
    fitting = [one for one in seen.replica_sets if wanted and same_template(template_of(one), wanted)]
    others = [one for one in seen.replica_sets if one not in fitting and (one.get("spec") or {}).get("replicas")]
    new, old = (tuple(sorted(one["metadata"]["name"] for one in sets)) for sets in (fitting, others))
    names = {one["metadata"]["uid"]: one["metadata"]["name"] for one in seen.replica_sets}
    restarts: dict[str, int] = {}
    for pod in seen.pods:
        name = names.get(owner_uid(pod), "")
        restarts[name] = restarts.get(name, 0) + _restarts(pod)
    return Versions(new, old, restarts)


def _restarts(pod: Json) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(one.get("restartCount") or 0) for one in statuses)
