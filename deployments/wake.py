"""Waking a release: the due row is the truth, the Celery message only a hint."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q

from deployments.models import Release
from durable.clock import DbNow, database_time

HINT_IS_LOST_AFTER_SECONDS = 3.0


def wake(*release_ids: uuid.UUID) -> None:
    """Make releases due now. A tick that is looking at one will look again."""
    woken = Release.objects.filter(pk__in=release_ids, ended=False).update(wake_seq=F("wake_seq") + 1, wake_at=DbNow())
    if woken:
        enqueue(release_ids)


def enqueue(release_ids: Iterable[uuid.UUID]) -> None:
    """Send a hint for each release that has none on its way. A broker that is down costs nothing but time."""
    from deployments.tasks import advance

    lost = Q(queued_at__isnull=True) | Q(queued_at__lte=DbNow(-HINT_IS_LOST_AFTER_SECONDS))
    for release_id in release_ids:
        if Release.objects.filter(lost, pk=release_id, ended=False).update(queued_at=DbNow()):
            advance.delay(str(release_id))


def due(within: timedelta) -> list[tuple[uuid.UUID, datetime]]:
    """Releases whose time has come or comes within the given time, each with that time."""
    rows = Release.objects.active().filter(wake_at__lte=database_time() + within)
    return [(pk, at) for pk, at in rows.order_by("wake_at").values_list("pk", "wake_at") if at]


def sweep() -> int:
    """Beat's safety net: hint every due release again. Answers how many were due."""
    now = database_time()
    free = Q(lease_owner="") | Q(lease_until__lte=now)
    rows = Release.objects.active().filter(free).filter(Q(wake_at__lte=now) | Q(lease_until__lte=now))
    found = list(rows.values_list("pk", flat=True)[:1000])
    enqueue(found)
    return len(found)
