"""Places on the cluster page that upper rooms fill: they append to `cluster_page` in their AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clusters.models import Cluster
from web.slots import Slot

if TYPE_CHECKING:
    from accounts.models import User

cluster_page: list[Callable[[User, Cluster], Slot | None]] = []


def slots_of(user: User, cluster: Cluster) -> list[Slot]:
    """The cards that have something to show for the cluster, in the order they were registered."""
    return [slot for fill in cluster_page if (slot := fill(user, cluster)) is not None]
