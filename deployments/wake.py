"""Waking a release: the due row is the truth, the Celery message only a hint."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Q

from deployments.models import Release
from durable.clock import DbNow, database_time
from durable.written_sql import as_stored, sql_now

HINT_IS_LOST_AFTER_SECONDS = 3.0
MOST_AT_ONCE = 200


def wake(*release_ids: uuid.UUID) -> None:
    """Make releases due now. A tick that is looking at one will look again."""
    woken = Release.objects.filter(pk__in=release_ids, ended=False).update(wake_seq=F("wake_seq") + 1, wake_at=DbNow())
    if woken:
        enqueue(release_ids)


def enqueue(release_ids: Iterable[uuid.UUID]) -> None:
    """Send a hint for each release that has none on its way. A broker that is down costs nothing but time."""
    from deployments.tasks import advance

    asked = list(release_ids)
    for start in range(0, len(asked), MOST_AT_ONCE):
        for release_id in _hinted(asked[start : start + MOST_AT_ONCE]):
            advance.delay(str(release_id))


def _hinted(release_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Note that a hint of each is on its way; answers those that had none. One statement, however many.

    A tick that holds the release sees itself that it was woken (`lease.give_back`).
    """
    now, lost = (sql_now(connection.vendor, seconds) for seconds in (0, -HINT_IS_LOST_AFTER_SECONDS))
    ids = {f"id_{number}": as_stored(one) for number, one in enumerate(release_ids)}
    statement = f"""
        UPDATE {Release._meta.db_table} SET queued_at = {now}
        WHERE id IN ({", ".join(f"%({name})s" for name in ids)}) AND NOT ended
          AND (queued_at IS NULL OR queued_at <= {lost}) AND (lease_owner = '' OR lease_until <= {now})
        RETURNING id
    """  # noqa: S608 - names and times of ours
    with connection.cursor() as cursor:
        cursor.execute(statement, ids)
        found = {one for (one,) in cursor.fetchall()}
    return [one for one in release_ids if as_stored(one) in found]


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
