"""A row that is worked on is owned by a conditional UPDATE: whoever changed the one row owns it.

1. `take` owns a row that is due and that nobody holds, or whose holder has not renewed in time.
2. `renew` while long work goes on outside; who cannot renew stops at once.
3. `save` writes only while the lease is ours, `finish` and `give_back` until another one takes the row. All times are
   by the database's clock.
4. `in_turn` does so for a task: no more rows at once than the worker has threads for.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from durable.clock import DbNow
from durable.leased_row import DueRow


class LeaseLost(Exception):
    """Another worker owns the row now: stop, and write nothing more."""


@dataclass(frozen=True)
class Held:
    """A lease in hand."""

    model: type[DueRow]
    pk: uuid.UUID
    owner: str
    seconds: float

    def row(self) -> Q:
        """The condition under which the row is still ours."""
        return Q(pk=self.pk, lease_owner=self.owner, lease_until__gt=DbNow())


class RowLease:
    """The lease of the rows of one model; `running` is the state that a row has once it is taken, "" for rows that
    have none. At most `most_at_once` are worked on `in_turn` in one process, so that the other threads are left to the
    rest."""

    def __init__(self, model: type[DueRow], *, seconds: float, running: str = "", most_at_once: int = 1) -> None:
        self.model = model
        self.seconds = seconds
        self.running = running
        self._room = threading.BoundedSemaphore(most_at_once)

    def due(self, most: int = 20) -> list[uuid.UUID]:
        """The rows that somebody should look at now, the oldest first."""
        return list(self._free().order_by("due_at").values_list("pk", flat=True)[:most])

    def take(self, pk: uuid.UUID | str) -> Held | None:
        """Own a row that is due. None while another holds it, or when there is nothing to own."""
        held = Held(self.model, uuid.UUID(str(pk)), uuid.uuid4().hex, self.seconds)
        free = self._free().filter(pk=held.pk)
        state = {"state": self.running} if self.running else {}
        taken = free.update(lease_owner=held.owner, lease_until=DbNow(self.seconds), **state)
        return held if taken else None

    def in_turn(self, pk: uuid.UUID | str, work: Callable[[Held], None]) -> None:
        """Take the row and work on it. A process that is busy leaves it to the next sweep."""
        if not self._room.acquire(blocking=False):
            return
        try:
            if held := self.take(pk):
                work(held)
        finally:
            self._room.release()

    def _free(self) -> Any:
        # Whose it is does not matter here: a process of an older version may know nothing of owners.
        free = Q(lease_until=None) | Q(lease_until__lte=DbNow())
        if self.model.ENDED:
            free &= ~Q(state__in=self.model.ENDED)
        return self.model._default_manager.filter(free, due_at__lte=DbNow())


def renew(held: Held) -> bool:
    """Stay owner; False when it was lost."""
    return bool(_mine(held).update(lease_until=DbNow(held.seconds)))


def save(held: Held, **values: Any) -> None:
    """Write to the row and stay owner. Raises LeaseLost."""
    if not _mine(held).update(**values, lease_until=DbNow(held.seconds)):
        raise LeaseLost


def finish(held: Held, **values: Any) -> None:
    """Write the last of a row and let it go: nobody needs to look any more. What was done is done, so it is also
    written when it took longer than the lease, unless another one took the row. Raises LeaseLost."""
    if not _last_taken_by(held).update(**values, due_at=None, lease_owner="", lease_until=None):
        raise LeaseLost


def give_back(held: Held, *, look_again_in: float, **values: Any) -> None:
    """Write what was found, and let others take the row after so many seconds. Harmless when another one took it."""
    _last_taken_by(held).update(**values, lease_owner="", lease_until=None, due_at=DbNow(look_again_in))


def _mine(held: Held) -> Any:
    return held.model._default_manager.filter(held.row())


def _last_taken_by(held: Held) -> Any:
    return held.model._default_manager.filter(pk=held.pk, lease_owner=held.owner)
