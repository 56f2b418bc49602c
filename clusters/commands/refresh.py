"""Look at a cluster now instead of when its turn comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.permissions import ANYWHERE, may_in_any_team, require, require_reach
from audit.record import audit
from clusters.commands.check import capabilities, cluster_uid
from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from clusters.tasks import check_health
from durable.commit import after_commit
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def refresh_cluster(by: User | None, cluster: Cluster) -> Cluster:
    """Ask the API server for version and capabilities, and note whether it answered. `by` None is Slipway itself.

    Takes at most a few seconds; a cluster that does not answer is a result, not an error. Raises NotPermitted.
    """
    if by is not None:
        where = cluster.environment or ANYWHERE
        require_reach(by, "cluster.refresh", None, where)
        if not may_in_any_team(by, "cluster.refresh", where):
            require(by, "cluster.refresh", None)
    seen = _look(cluster)
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(**seen)
        if by is not None:
            audit(by, "cluster.refresh", cluster, after={"status": seen["status"]})
        publish(f"cluster:{cluster.name}", "clusters")
        after_commit(check_health.delay, str(cluster.pk))
    for name, value in seen.items():
        setattr(cluster, name, value)
    return cluster


def _look(cluster: Cluster) -> dict[str, Any]:
    try:
        door = connect(cluster)
        version = str(door.get(paths.VERSION).get("gitVersion") or "")
        found = capabilities(door)
        uid = cluster_uid(door)
    except (ClusterUnreachable, ApiRefused) as error:
        return {
            "status": Cluster.Status.UNREACHABLE,
            "status_message": error.detail,
            "checked_at": timezone.now(),
        }
    now = timezone.now()
    return {
        "status": Cluster.Status.CONNECTED,
        "status_message": "",
        "kubernetes_version": version,
        "capabilities": {**cluster.capabilities, **found},
        "uid": cluster.uid or uid,
        "checked_at": now,
        "last_seen_at": now,
    }
