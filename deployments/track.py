"""The steps of a release as its page draws them: what is done, what is under way, what will not happen any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from deployments.models import Release, ReleaseEvent
from deployments.rolling_track import rolling_track
from deployments.shares import kind_of
from deployments.step_track import step_track
from deployments.stops import Stop


def track(
    release: Release, events: Sequence[ReleaseEvent], now: datetime, results: Mapping[str, str] | None = None
) -> list[Stop]:
    """Where a release is on its way, by its strategy. `results` as `step_results.results_by_step` tells them."""
    if kind_of(release) == "rolling":
        return rolling_track(release, events, now)
    return step_track(release, events, now, results or {})
