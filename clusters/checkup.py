"""Checks one cluster's health and stores what came of it, so that pages never ask the cluster themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from clusters.evidence import gather
from clusters.health import Evidence, judge, overall
from clusters.models import Cluster
from clusters.observe.sharing import lease_name
from durable.clock import DbNow
from durable.lease import take
from durable.models import Lease
from web.live import publish

EVERY_SECONDS = 15
# Two refreshes that did not come, and the time that one may take.
STALE_SECONDS = 2 * EVERY_SECONDS + 6
_ALONE_SECONDS = 10.0


def due() -> list[UUID]:
    """The clusters whose last check is older than EVERY_SECONDS, the oldest first."""
    before = timezone.now() - timedelta(seconds=EVERY_SECONDS)
    rows = Cluster.objects.filter(Q(health_at=None) | Q(health_at__lt=before), credential__isnull=False)
    return list(rows.exclude(api_url="").order_by("health_at").values_list("pk", flat=True))


def check_up(cluster_id: UUID, *, owner: str) -> dict[str, Any] | None:
    """Gather evidence, judge and store; answers what was stored, None when another check of this cluster is running.

    A cluster that the watcher finds unreachable is not asked again: the watcher notices when it is back, and a hundred
    dead clusters would hold all workers up.
    """
    if take(f"health:{cluster_id}", owner, _ALONE_SECONDS) is None:
        return None
    cluster = Cluster.objects.filter(pk=cluster_id).first()
    if cluster is None:
        return None
    evidence = _given_up(cluster) or gather(cluster)
    components = judge(evidence)
    now = timezone.now()
    health = {"status": overall(components), "components": [component.as_json() for component in components]}
    # What was seen of certificates stays true while nobody answers.
    health["validities"] = list(evidence.validities) or (cluster.health or {}).get("validities", [])
    Cluster.objects.filter(pk=cluster_id).update(health=health, health_at=now, checked_at=now)
    Lease.objects.filter(name=f"health:{cluster_id}", owner=owner).update(owner="", until=DbNow())
    publish(f"cluster:{cluster.name}")
    return health


def _given_up(cluster: Cluster) -> Evidence | None:
    if cluster.status != Cluster.Status.UNREACHABLE:
        return None
    watched = Lease.objects.filter(name=lease_name(cluster.pk), until__gt=DbNow()).exclude(owner="").exists()
    return Evidence(at=timezone.now(), unreachable=cluster.status_message or "no answer") if watched else None
