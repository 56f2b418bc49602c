"""Owning a named piece of work for a while, by conditional UPDATE: who changed the one row owns it."""

from __future__ import annotations

from django.db.models import F, Q

from durable.clock import DbNow
from durable.models import Lease


def take(name: str, owner: str, seconds: float) -> int | None:
    """Own `name` for `seconds`. Answers the epoch when owned, None while somebody else does.

    An owner that still holds the lease keeps its epoch; a lease that is new, given back or expired gets a higher one.
    """
    if _extend(name, owner, seconds) or _take_over(name, owner, seconds):
        return _epoch(name, owner)
    Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
    return _epoch(name, owner) if _take_over(name, owner, seconds) else None


def renew(name: str, owner: str, epoch: int, seconds: float) -> bool:
    """Stay owner for `seconds` from now. False when the lease has been lost: stop working at once."""
    held = Lease.objects.filter(name=name, owner=owner, epoch=epoch, until__gt=DbNow())
    return held.update(until=DbNow(seconds)) == 1


def give_back(name: str, owner: str, epoch: int) -> None:
    """Let others take the lease now. Harmless when it was lost before."""
    Lease.objects.filter(name=name, owner=owner, epoch=epoch).update(owner="", until=DbNow())


def _extend(name: str, owner: str, seconds: float) -> bool:
    return Lease.objects.filter(name=name, owner=owner, until__gt=DbNow()).update(until=DbNow(seconds)) == 1


def _take_over(name: str, owner: str, seconds: float) -> bool:
    free = Lease.objects.filter(Q(owner="") | Q(until__lte=DbNow()), name=name)
    return free.update(owner=owner, until=DbNow(seconds), epoch=F("epoch") + 1) == 1


def _epoch(name: str, owner: str) -> int | None:
    return Lease.objects.filter(name=name, owner=owner).values_list("epoch", flat=True).first()
