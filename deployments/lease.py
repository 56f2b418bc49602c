"""A tick owns its release by a conditional UPDATE; whoever changed the one row owns it.

1. `take`, or `take_waiting` of whichever waits, sets owner and expiry where nobody holds an unexpired lease. Taking
   over an expired one raises the epoch, so that whatever its late owner still writes, to the row or to the cluster, is
   refused.
2. `renew`, or a decision that is saved, before each request to a cluster; a request takes at most REQUEST_SECONDS,
   which is less than the lease.
3. `give_back` succeeds only when nobody woke the release meanwhile; otherwise the tick looks again.
All times are by the database's clock. What every tick does is written in SQL: building these statements anew cost a
third of a tick that finds nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Case, Q, When

from deployments.models import Release
from durable.clock import DbNow
from durable.written_sql import as_stored, from_stored, sql_now

# The condition of a written statement under which the row is still ours: see `Held.values`.
OURS = "id = %(id)s AND lease_owner = %(owner)s AND epoch = %(epoch)s"
# And nobody has woken it since `wake_seq` was read.
UNWOKEN = f"{OURS} AND wake_seq = %(wake_seq)s"
# The columns of a release that no tick holds and no hint waits for.
FREE: dict[str, Any] = {"lease_owner": "", "lease_until": None, "queued_at": None}
LEASE_SECONDS = 4.0
REQUEST_SECONDS = 3.0


class LeaseLost(Exception):
    """Another tick owns the release now: stop, and write nothing more."""


@dataclass(frozen=True)
class Held:
    """A lease in hand. `wake_seq` counts the wake-ups there had been when it was taken."""

    release_id: uuid.UUID
    owner: str
    epoch: int
    wake_seq: int

    def row(self) -> Q:
        """The condition under which the row is still ours."""
        return Q(pk=self.release_id, lease_owner=self.owner, epoch=self.epoch)

    def values(self) -> dict[str, Any]:
        """What OURS names."""
        return {"id": as_stored(self.release_id), "owner": self.owner, "epoch": self.epoch}


def take(release_id: uuid.UUID) -> Held | None:
    """Own a release that has not ended. None while another tick holds it, or when there is nothing to own."""
    owner = uuid.uuid4().hex
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor).take, {"id": as_stored(release_id), "owner": owner})
        taken = cursor.fetchone()
    return None if taken is None else Held(release_id, owner, *taken)


def take_waiting() -> Held | None:
    """Own the release whose hint has waited longest. None when none waits."""
    owner = uuid.uuid4().hex
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor).take_waiting, {"owner": owner})
        taken = cursor.fetchone()
    return None if taken is None else Held(from_stored(taken[0]), owner, *taken[1:])


def renew(held: Held) -> None:
    """Stay owner for another LEASE_SECONDS. Raises LeaseLost."""
    if not _changed(_sql(connection.vendor).renew, held):
        raise LeaseLost


def renewed() -> dict[str, str]:
    """The column that `renew` writes, as SQL, for a statement that writes others as well."""
    return {"lease_until": sql_now(connection.vendor, LEASE_SECONDS)}


def raise_epoch(held: Held) -> Held:
    """Begin a new epoch of our own, after a write whose answer never came. Raises LeaseLost."""
    if not Release.objects.filter(held.row()).update(epoch=held.epoch + 1, lease_until=DbNow(LEASE_SECONDS)):
        raise LeaseLost
    return replace(held, epoch=held.epoch + 1)


def give_back(held: Held, *, seen_wake_seq: int) -> bool:
    """Let others take the release. False when it was woken since `seen_wake_seq` was read: it is still ours then.

    A hint that found the release held has been spent: the next wake-up may send another at once.
    """
    return _changed(_sql(connection.vendor).give_back, held, wake_seq=seen_wake_seq)


def drop(held: Held, *, look_again_in: float, in_new_epoch: bool = False) -> None:
    """Let others take the release after so many seconds, or at once if it was woken meanwhile, as no hint told of that.
    Harmless when the lease was lost.

    `in_new_epoch` after an error, when nobody knows whether a write is still on its way.
    """
    wake_at = Case(When(wake_seq=held.wake_seq, then=DbNow(look_again_in)), default=DbNow())
    Release.objects.filter(held.row()).update(**FREE, epoch=held.epoch + in_new_epoch, wake_at=wake_at)


def unheld(vendor: str) -> str:
    """The condition of a written statement under which no tick holds the row."""
    return f"(lease_owner = '' OR lease_until <= {sql_now(vendor, 0)})"


@dataclass(frozen=True)
class _Statements:
    take: str
    take_waiting: str
    renew: str
    give_back: str


@lru_cache(maxsize=2)
def _sql(vendor: str) -> _Statements:
    """The statements for a database. Only names and times of ours are in the text."""
    table, later = Release._meta.db_table, sql_now(vendor, LEASE_SECONDS)
    take = f"""
        UPDATE {table}
        SET epoch = CASE WHEN lease_owner = '' THEN epoch ELSE epoch + 1 END,
            lease_owner = %(owner)s, lease_until = {later}, queued_at = NULL
    """  # noqa: S608
    free = f"NOT ended AND {unheld(vendor)}"
    # Whom another worker is about to take is left to it.
    unlocked = "FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    waiting = f"SELECT id FROM {table} WHERE {free} AND queued_at IS NOT NULL ORDER BY queued_at LIMIT 1 {unlocked}"  # noqa: S608
    return _Statements(
        take=f"{take} WHERE id = %(id)s AND {free} RETURNING epoch, wake_seq",
        take_waiting=f"{take} WHERE id = ({waiting}) RETURNING id, epoch, wake_seq",
        renew=f"UPDATE {table} SET lease_until = {later} WHERE {OURS}",  # noqa: S608
        give_back=f"""
            UPDATE {table} SET lease_owner = '', lease_until = NULL, queued_at = NULL
            WHERE {UNWOKEN}
        """,  # noqa: S608
    )


def _changed(statement: str, held: Held, **values: Any) -> bool:
    """Whether the statement found the row as ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {**held.values(), **values})
        return bool(cursor.rowcount == 1)
