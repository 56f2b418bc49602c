"""What may be asked about releases, revisions and the pods behind them."""

from deployments.queries.events import events_after, events_of
from deployments.queries.pods import PodRow, Pods, new_replica_sets, pods_of
from deployments.queries.releases import (
    FILTERS,
    ORDERINGS,
    SEARCHED,
    last_releases,
    release_list,
    release_named,
    row_extras,
)
from deployments.queries.revisions import revision_of, revisions_of, target_of, targets_of
from deployments.queries.running import Running, active_release_of, running_on, suggested_images
from deployments.queries.waiting import active_count, inbox_count

__all__ = [
    "FILTERS",
    "ORDERINGS",
    "SEARCHED",
    "PodRow",
    "Pods",
    "Running",
    "active_count",
    "active_release_of",
    "events_after",
    "events_of",
    "inbox_count",
    "last_releases",
    "new_replica_sets",
    "pods_of",
    "release_list",
    "release_named",
    "revision_of",
    "revisions_of",
    "row_extras",
    "running_on",
    "suggested_images",
    "target_of",
    "targets_of",
]
