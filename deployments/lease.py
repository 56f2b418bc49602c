"""A tick owns its release by a conditional UPDATE; whoever changed the one row owns it.

1. `take` sets owner and expiry where nobody holds an unexpired lease. Taking over an expired one raises the epoch, so
   that whatever its late owner still writes, to the row or to the cluster, is refused.
2. `renew` before each request to a cluster; a request takes at most REQUEST_SECONDS, which is less than the lease.
3. `give_back` succeeds only when nobody woke the release meanwhile; otherwise the tick looks again.
All times are by the database's clock.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from django.db.models import Case, F, Q, Value, When

from deployments.models import Release
from durable.clock import DbNow

LEASE_SECONDS = 4.0
REQUEST_SECONDS = 3.0


class LeaseLost(Exception):
    """Another tick owns the release now: stop, and write nothing more."""


@dataclass(frozen=True)
class Held:
    """A lease in hand."""

    release_id: uuid.UUID
    owner: str
    epoch: int

    def row(self) -> Q:
        """The condition under which the row is still ours."""
        return Q(pk=self.release_id, lease_owner=self.owner, epoch=self.epoch)


def take(release_id: uuid.UUID) -> Held | None:
    """Own a release that has not ended. None while another tick holds it, or when there is nothing to own."""
    owner = uuid.uuid4().hex
    free = Q(lease_owner="") | Q(lease_until__lte=DbNow())
    taken = Release.objects.filter(free, pk=release_id, ended=False).update(
        epoch=Case(When(lease_owner="", then=F("epoch")), default=F("epoch") + Value(1)),
        lease_owner=owner,
        lease_until=DbNow(LEASE_SECONDS),
        queued_at=None,
    )
    if not taken:
        return None
    epoch = Release.objects.filter(pk=release_id, lease_owner=owner).values_list("epoch", flat=True).first()
    return None if epoch is None else Held(release_id, owner, epoch)


def renew(held: Held) -> None:
    """Stay owner for another LEASE_SECONDS. Raises LeaseLost."""
    if not Release.objects.filter(held.row()).update(lease_until=DbNow(LEASE_SECONDS)):
        raise LeaseLost


def raise_epoch(held: Held) -> Held:
    """Begin a new epoch of our own, after a write whose answer never came. Raises LeaseLost."""
    if not Release.objects.filter(held.row()).update(epoch=held.epoch + 1, lease_until=DbNow(LEASE_SECONDS)):
        raise LeaseLost
    return replace(held, epoch=held.epoch + 1)


def give_back(held: Held, *, seen_wake_seq: int) -> bool:
    """Let others take the release. False when it was woken since `seen_wake_seq` was read: it is still ours then.

    A hint that found the release held has been spent: the next wake-up may send another at once.
    """
    free = {"lease_owner": "", "lease_until": None, "queued_at": None}
    return Release.objects.filter(held.row(), wake_seq=seen_wake_seq).update(**free) == 1


def drop(held: Held, *, look_again_in: float, in_new_epoch: bool = False) -> None:
    """Let others take the release after so many seconds. Harmless when the lease was lost.

    `in_new_epoch` after an error, when nobody knows whether a write is still on its way.
    """
    free = {"lease_owner": "", "lease_until": None, "queued_at": None, "epoch": held.epoch + in_new_epoch}
    Release.objects.filter(held.row()).update(**free, wake_at=DbNow(look_again_in))
