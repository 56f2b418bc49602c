"""Waking a release: the due row is the truth, the Celery message only a hint.

A hint is a mark on the row, and a message for a worker to attend to those that are marked (`deployments/attending.py`).
While one attends no message is needed, nor for whoever is marked behind another that waits for the one it sent. A
message costs a third of a look that finds nothing to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

import redis
from django.db import connection
from django.db.models import Q

from deployments.attended import is_attended
from deployments.lease import unheld
from deployments.models import Release
from deployments.models.release import ReleaseQuerySet
from durable.clock import DbNow, database_time
from durable.written_sql import as_stored, from_stored, listed, sql_now

HINT_IS_LOST_AFTER_SECONDS = 3.0
MOST_AT_ONCE = 200
# A mark this old has nobody who comes for it at once: its message was lost, or who attends is busy with others.
LONG_SECONDS = 0.5
# A timer of another machine goes off so much too early at most.
CLOCKS_DIFFER_SECONDS = 0.05


def wake(*release_ids: uuid.UUID) -> None:
    """Make releases due now. A tick that is looking at one will look again."""
    enqueue(_changed(release_ids, f"wake_seq = wake_seq + 1, wake_at = {sql_now(connection.vendor, 0)}"))


def enqueue(release_ids: Iterable[uuid.UUID]) -> None:
    """Hint each release that is due and has no hint yet. A broker that is down costs nothing but time."""
    asked = list(release_ids)
    for start in range(0, len(asked), MOST_AT_ONCE):
        hinted = _hinted(asked[start : start + MOST_AT_ONCE])
        if hinted and not _is_seen_to() and not _is_anybody_before(hinted):
            _send(hinted[0])


def _is_seen_to() -> bool:
    """Whether no message is needed, or none can be sent: the sweep sees to it then."""
    try:
        return is_attended()
    except redis.RedisError:
        return True


def is_anybody_waiting() -> bool:
    """Whether a release waits for somebody to tick it."""
    return _waiting_longest() is not None


def go_on_elsewhere() -> None:
    """Send a message if any release waits and nobody attends: whoever has seen to them does something else."""
    if (longest := _waiting_longest()) and not _is_seen_to():
        _send(longest)


def _send(release_id: uuid.UUID) -> None:
    from deployments.tasks import advance

    advance.delay(str(release_id))


def _hinted(release_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Mark each that is due; answers those that had no mark, or one that nobody came for.

    A tick that holds the release sees itself that it was woken (`lease.give_back`, `lease.drop`).
    """
    now, soon, lost = (
        sql_now(connection.vendor, seconds) for seconds in (0, CLOCKS_DIFFER_SECONDS, -HINT_IS_LOST_AFTER_SECONDS)
    )
    without = f"(queued_at IS NULL OR queued_at <= {lost}) AND {unheld(connection.vendor)}"
    # Much has happened since its time was asked for: it may be due later now.
    without += f" AND (wake_at <= {soon} OR lease_until <= {soon})"
    # One that nobody came for keeps its place before those that were marked after it.
    return _changed(release_ids, f"queued_at = COALESCE(queued_at, {now})", without)


def _changed(release_ids: Sequence[uuid.UUID], changes: str, condition: str = "TRUE") -> list[uuid.UUID]:
    """Write the changes to those releases that have not ended; answers which these were. One statement, however many.

    Two that took the same rows in different orders would wait for each other, and one of them would fail: each takes
    them by id. SQLite has one writer at a time.
    """
    if not release_ids:
        return []
    table, (ids, values) = Release._meta.db_table, listed("id", map(as_stored, release_ids))
    rows = f"SELECT id FROM {table} WHERE id IN ({ids})"  # noqa: S608
    in_order = "ORDER BY id FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            # Names and times of ours.
            f"UPDATE {table} SET {changes} WHERE id IN ({rows} AND NOT ended AND {condition} {in_order}) RETURNING id",  # noqa: S608
            values,
        )
        found = {one for (one,) in cursor.fetchall()}
    return [one for one in release_ids if as_stored(one) in found]


def due(within: timedelta) -> list[tuple[uuid.UUID, datetime]]:
    """Releases whose time has come or comes within the given time, each with that time: when to look again, and when
    the lease of a tick that does not renew it any more runs out."""
    soon = database_time() + within
    rows = Release.objects.active().filter(Q(wake_at__lte=soon) | Q(lease_until__lte=soon))
    times = rows.values_list("pk", "wake_at", "lease_until")
    return sorted(((pk, at) for pk, *both in times for at in both if at and at <= soon), key=itemgetter(1))


def sweep() -> int:
    """Beat's safety net: hint every due release again, and call one more worker where some have waited for long: their
    message died with a worker, or the one that attends can't keep up. Answers how many were due."""
    rows = _free().filter(Q(wake_at__lte=DbNow()) | Q(lease_until__lte=DbNow()))
    found = list(rows.values_list("pk", flat=True)[:1000])
    if longest := _waiting_longest(since_seconds=LONG_SECONDS):
        _send(longest)
    enqueue(found)
    return len(found)


def _waiting_longest(*, since_seconds: float = 0) -> uuid.UUID | None:
    """The release that has waited longest for somebody to tick it, if it has for so many seconds."""
    table, since = Release._meta.db_table, sql_now(connection.vendor, -since_seconds)
    free = f"NOT ended AND {unheld(connection.vendor)}"
    rows = f"SELECT id FROM {table} WHERE {free} AND queued_at <= {since} ORDER BY queued_at LIMIT 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(rows, {})
        found = cursor.fetchone()
    return from_stored(found[0]) if found else None


def _is_anybody_before(release_ids: Sequence[uuid.UUID]) -> bool:
    """Whether another waits that began to before all of these."""
    table, (ids, values) = Release._meta.db_table, listed("id", map(as_stored, release_ids))
    first = f"SELECT MIN(queued_at) FROM {table} WHERE id IN ({ids})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE NOT ended AND queued_at < ({first}) LIMIT 1", values)  # noqa: S608
        return cursor.fetchone() is not None


def _free() -> ReleaseQuerySet:
    """Active releases that no tick holds."""
    return Release.objects.active().filter(Q(lease_owner="") | Q(lease_until__lte=DbNow()))
