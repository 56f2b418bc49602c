"""The track of a rolling release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from deployments.models import Phase, Release, ReleaseEvent, Status
from deployments.shares import counts_of
from deployments.stops import Stop, back_of, goes_back, turn_of
from web.ago import duration

# The event that shows each step done, in order.
CHECKED, WRITTEN, ROLLED, ENDED = "checks.pass", "step.started", "step.finished", "release.succeed"
_STEPS = (CHECKED, WRITTEN, ROLLED, ENDED)


def rolling_track(release: Release, events: Sequence[ReleaseEvent], now: datetime) -> list[Stop]:
    """Where a rolling release is on its way.

    A step is done when the timeline says so. The first that is not is the present one, or the one at which the
    release ended; those behind it are to come, or will not happen. A release that gives the old version back shows
    that as a step of its own.
    """
    at = {event.kind: event.at for event in events}
    done = _done(release, at)
    here = next((index for index in range(len(_STEPS)) if index not in done), len(_STEPS))
    steps = [
        Stop(title, _state(release, index, here, done), _detail(release, index, here, at, now))
        for index, title in enumerate((_("Checks"), _("Template written"), _("Roll out"), _("Finish")))
    ]
    steps = [*turn_of(release), *steps]
    if goes_back(release):
        steps = [*[step for step in steps if step.state != "skipped"], _back(release, at)]
    return steps


def _done(release: Release, at: dict[str, datetime]) -> set[int]:
    if release.status == Status.SUCCEEDED:
        return set(range(len(_STEPS)))
    latest = max((index for index, kind in enumerate(_STEPS) if kind in at), default=-1)
    return set(range(latest + 1))


def _state(release: Release, index: int, here: int, done: set[int]) -> str:
    if index in done:
        return "done"
    is_aborting = release.phase == Phase.ABORTING
    if index > here:
        return "skipped" if release.ended or is_aborting else "next"
    if release.ended or is_aborting:
        return "skipped" if release.status == Status.SUPERSEDED else "failed"
    if release.phase == Phase.QUEUED:
        return "next"
    return "waiting" if release.phase == Phase.PAUSED else "now"


def _detail(release: Release, index: int, here: int, at: dict[str, datetime], now: datetime) -> str:
    kind = _STEPS[index]
    if kind == ROLLED and WRITTEN in at:
        counts = counts_of(release)
        until = at.get(ROLLED) or at.get("step.failed") or release.finished_at or now
        return _("%(ready)d of %(wanted)d ready, %(span)s") % {
            "ready": counts.new_ready,
            "wanted": counts.desired,
            "span": duration((until - at[WRITTEN]).total_seconds()),
        }
    if kind == ENDED and kind in at and release.started_at:
        return _("%(span)s in all") % {"span": duration((at[kind] - release.started_at).total_seconds())}
    if kind in at:
        return f"{at[kind]:%H:%M:%S}"
    if release.status == Status.SUCCEEDED:
        return _("not needed")
    if index == here and not release.ended and release.phase == Phase.GATED:
        return _("asking the cluster")
    return ""


def _back(release: Release, at: dict[str, datetime]) -> Stop:
    return back_of(release, at.get(WRITTEN), at.get("restore"))
