"""When each cluster was last heard of about its workloads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from clusters.models import WatchState
from services.models import Target

FRESH_SECONDS = 30.0
"""How old the last word from a cluster may be before its workloads count as unknown.

Longer than the five seconds after which a release no longer trusts a row: a page that greys out at every reconnect
would say less than one that shows the age.
"""


def fresh_clusters() -> QuerySet[WatchState, UUID]:
    """The ids of the clusters that were heard of lately, as a subquery."""
    fresh = WatchState.objects.filter(kind=Target.Kind.DEPLOYMENT, synced_at__isnull=False, contact_at__gte=_oldest())
    return fresh.values_list("cluster_id", flat=True)


@dataclass(frozen=True)
class Contact:
    """The last word from a cluster about its Deployments, None before the first."""

    at: datetime | None
    is_fresh: bool


def contacts_with(cluster_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """By cluster. One query; clusters that were never watched are not in the answer."""
    states = WatchState.objects.filter(kind=Target.Kind.DEPLOYMENT, cluster__in=cluster_ids)
    oldest = _oldest()
    return {
        cluster_id: Contact(contact_at, bool(synced_at and contact_at and contact_at >= oldest))
        for cluster_id, synced_at, contact_at in states.values_list("cluster_id", "synced_at", "contact_at")
    }


def _oldest() -> datetime:
    return timezone.now() - timedelta(seconds=FRESH_SECONDS)
