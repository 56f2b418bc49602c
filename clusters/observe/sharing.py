"""Which clusters this watcher watches: one lease a cluster, shared out evenly among the watchers that are alive."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from uuid import UUID

from durable.clock import DbNow
from durable.lease import give_back, take
from durable.models import Lease

LEASE_SECONDS = 6.0
_CLUSTER = "watch:"
_WATCHER = "watcher:"
_FORGET_WATCHERS_SECONDS = 3600


def lease_name(cluster_id: UUID) -> str:
    """The lease of whoever watches this cluster."""
    return f"{_CLUSTER}{cluster_id}"


class Sharing:
    """The leases of one watcher process. `settle` and `give_back_all` talk to the database, `owns` does not."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._epochs: dict[UUID, int] = {}
        self._valid_until = 0.0

    def owns(self, cluster_id: UUID) -> bool:
        """Whether the lease of this cluster is surely still ours: its renewal may be late, then nothing is written."""
        return cluster_id in self._epochs and time.monotonic() < self._valid_until

    def settle(self, clusters: Iterable[UUID]) -> set[UUID]:
        """Renew what is ours, give back what is too much, take what is free; answers the clusters that are ours now.

        Each watcher takes its even share, rounded up, so that all clusters are watched whatever their number.
        """
        began = time.monotonic()
        wanted = set(clusters)
        take(f"{_WATCHER}{self._owner}", self._owner, LEASE_SECONDS)
        alive = Lease.objects.filter(name__startswith=_WATCHER, until__gt=DbNow()).exclude(owner="").count()
        share = math.ceil(len(wanted) / max(1, alive))
        epochs = self._renew()
        for cluster_id in [held for held in epochs if held not in wanted]:
            give_back(lease_name(cluster_id), self._owner, epochs.pop(cluster_id))
        for cluster_id in sorted(epochs)[share:]:
            give_back(lease_name(cluster_id), self._owner, epochs.pop(cluster_id))
        for cluster_id in self._free(wanted - epochs.keys()):
            if len(epochs) >= share:
                break
            if (epoch := take(lease_name(cluster_id), self._owner, LEASE_SECONDS)) is not None:
                epochs[cluster_id] = epoch
        self._epochs = epochs
        self._valid_until = began + LEASE_SECONDS
        return set(epochs)

    def give_back_all(self) -> None:
        """Let other watchers take over at once."""
        for cluster_id, epoch in self._epochs.items():
            give_back(lease_name(cluster_id), self._owner, epoch)
        self._epochs = {}
        Lease.objects.filter(name=f"{_WATCHER}{self._owner}").delete()
        Lease.objects.filter(name__startswith=_WATCHER, until__lt=DbNow(-_FORGET_WATCHERS_SECONDS)).delete()

    def _renew(self) -> dict[UUID, int]:
        """All of ours in one statement; a lease that ran out was anybody's and is taken anew."""
        ours = Lease.objects.filter(name__startswith=_CLUSTER, owner=self._owner, until__gt=DbNow())
        ours.update(until=DbNow(LEASE_SECONDS))
        return {UUID(name.removeprefix(_CLUSTER)): epoch for name, epoch in ours.values_list("name", "epoch")}

    def _free(self, clusters: set[UUID]) -> list[UUID]:
        if not clusters:
            return []
        held = Lease.objects.filter(name__startswith=_CLUSTER, until__gt=DbNow()).exclude(owner="")
        taken = {UUID(name.removeprefix(_CLUSTER)) for name in held.values_list("name", flat=True)}
        return sorted(clusters - taken)
