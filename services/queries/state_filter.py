"""services.health as a filter: narrowing ten thousand services must not load their observations.

What a row says of its Deployment stands in its column `state`; here it meets what the row cannot know: whether the
cluster is still heard of, and whether there is a row at all. tests/services/test_health.py compares both.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from clusters.models import Observation
from services.health import State
from services.models import Target
from services.queries.freshness import fresh_clusters


def targets_in_state(states: Collection[State]) -> QuerySet[Target]:
    """The targets whose health is one of `states`. No query yet."""
    fresh = Q(cluster__in=fresh_clusters())
    seen = Observation.objects.filter(
        kind=Target.Kind.DEPLOYMENT,
        cluster=OuterRef("cluster"),
        namespace=OuterRef("namespace"),
        name=OuterRef("workload"),
    )
    wanted = Q()
    if judged := [state for state in states if state != State.MISSING]:
        wanted |= fresh & Q(Exists(seen.filter(state__in=judged)))
    if State.MISSING in states:
        wanted |= fresh & ~Q(Exists(seen))
    if State.UNKNOWN in states:
        wanted |= ~fresh
    return Target.objects.filter(wanted)
