"""Routes that carry the claim of a release that no longer runs, where nothing else of it is left to be found by.

Watchers do not keep routes, so they are listed live: every ten minutes, by label, and only in namespaces whose last
release used a router.
"""

from __future__ import annotations

import uuid

import structlog
from django.db.models import OuterRef, Subquery

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from deployments.engine.workload import PORTAL, labels_of
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release, portal_key
from deployments.observe_traffic import ROUTES
from deployments.orphans import Orphan, claimed_by, find_orphans, standing

log = structlog.get_logger(__name__)


def find_orphans_and_routes() -> list[Orphan]:
    """What the watchers saw of orphans, and the routes among them. A cluster that does not answer is left out."""
    found = find_orphans()
    for cluster_id, wanted in _routed().items():
        cluster = Cluster.objects.get(pk=cluster_id)
        try:
            door = connect(cluster, timeout_seconds=REQUEST_SECONDS)
            for namespace, kind in sorted(wanted):
                found += _listed(door, cluster_id, namespace, kind)
        except ClusterUnreachable as error:
            log.warning("orphan.not_listed", cluster=cluster.name, words=str(error))
    behind = standing({one.release for one in found})
    return [one for one in found if one.release not in behind]


def _routed() -> dict[uuid.UUID, set[tuple[str, str]]]:
    """By cluster: the namespaces with a target whose last release used a router, each with the kinds of its routes."""
    newest = Release.objects.filter(target=OuterRef("target")).order_by("-number").values("pk")[:1]
    last = Release.objects.filter(pk=Subquery(newest))
    wanted: dict[uuid.UUID, set[tuple[str, str]]] = {}
    for strategy, cluster_id, namespace in last.values_list(
        "strategy", "target__cluster_id", "target__namespace"
    ).iterator():
        kinds = ROUTES.get(strategy.get("traffic") or "", ())
        if kinds:
            wanted.setdefault(cluster_id, set()).update((namespace, kind) for kind in kinds)
    return wanted


def _listed(door: Door, cluster_id: uuid.UUID, namespace: str, kind: str) -> list[Orphan]:
    """The routes of a kind with a claim of ours; none where the cluster lacks the kind or does not let us list it."""
    try:
        items = door.list(paths.all_of_kind(kind, namespace), {"labelSelector": f"{PORTAL}={portal_key()}"})["items"]
    except ApiRefused as error:
        if error.http_status not in (403, 404):
            log.warning("orphan.not_listed", cluster=str(cluster_id), kind=kind, words=str(error))
        return []
    return [Orphan(cluster_id, kind, namespace, one["metadata"]["name"], claimed_by(labels_of(one))) for one in items]


__all__ = ["find_orphans_and_routes"]
