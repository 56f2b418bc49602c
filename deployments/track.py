"""The steps of a release as its page draws them: what is done, what is under way, what will not happen any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from deployments.models import Release, ReleaseEvent
from deployments.rolling_track import rolling_track
from deployments.shares import kind_of
from deployments.step_track import step_track
from deployments.stops import Stop


def track(release: Release, events: Sequence[ReleaseEvent], now: datetime) -> list[Stop]:
    """Where a release is on its way, by its strategy."""
    if kind_of(release) == "rolling":
        return rolling_track(release, events, now)
    return step_track(release, events, now)
