"""The timeline of a release."""

from __future__ import annotations

from django.db.models import QuerySet

from deployments.models import Release, ReleaseEvent

MOST_AT_ONCE = 1000


def events_of(release: Release) -> list[ReleaseEvent]:
    """The whole timeline in order."""
    return list(ReleaseEvent.objects.filter(release=release).order_by("seq"))


def events_after(release: Release, seq: int) -> QuerySet[ReleaseEvent]:
    """The events numbered above `seq`, in order, at most MOST_AT_ONCE of them."""
    return ReleaseEvent.objects.filter(release=release, seq__gt=seq).order_by("seq")[:MOST_AT_ONCE]
