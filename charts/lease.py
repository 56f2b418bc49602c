"""An operation is owned by a conditional UPDATE, as releases are: whoever changed the one row owns it.

1. `take` owns an operation that is due and that nobody holds, or whose holder has not renewed in time.
2. `renew` while Helm runs. Helm is ended as soon as that fails, and dies with its worker, so that whoever takes an
   expired lease over finds no Helm of the late owner at work.
3. `save` writes only while the lease is ours. All times are by the database's clock.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from charts.models import HelmOperation
from durable.clock import DbNow

LEASE_SECONDS = 20.0


class LeaseLost(Exception):
    """Another worker owns the operation now: stop, and write nothing more."""


@dataclass(frozen=True)
class Held:
    """A lease in hand."""

    operation_id: uuid.UUID
    owner: str

    def row(self) -> Q:
        """The condition under which the row is still ours."""
        return Q(pk=self.operation_id, lease_owner=self.owner, lease_until__gt=DbNow())


def take(operation_id: uuid.UUID | str) -> Held | None:
    """Own an operation that is due. None while another holds it, or when there is nothing to own."""
    owner = uuid.uuid4().hex
    free = Q(lease_owner="") | Q(lease_until__lte=DbNow())
    due = HelmOperation.objects.filter(free, pk=operation_id, due_at__lte=DbNow()).exclude(
        state__in=HelmOperation.ENDED
    )
    if not due.update(lease_owner=owner, lease_until=DbNow(LEASE_SECONDS), state=HelmOperation.State.RUNNING):
        return None
    return Held(uuid.UUID(str(operation_id)), owner)


def renew(held: Held) -> bool:
    """Stay owner for another LEASE_SECONDS; False when it was lost."""
    return HelmOperation.objects.filter(held.row()).update(lease_until=DbNow(LEASE_SECONDS)) == 1


def save(held: Held, **values: Any) -> None:
    """Write to the row and stay owner. Raises LeaseLost."""
    if not HelmOperation.objects.filter(held.row()).update(**values, lease_until=DbNow(LEASE_SECONDS)):
        raise LeaseLost


def give_back(held: Held, *, look_again_in: float) -> None:
    """Let others take it after so many seconds. Harmless when it was lost."""
    HelmOperation.objects.filter(held.row()).update(lease_owner="", lease_until=None, due_at=DbNow(look_again_in))
