"""One stop on the track of a release, and the stops that every strategy has: its turn before, the way back after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from deployments.models import Phase, Release
from deployments.shares import counts_of


@dataclass(frozen=True)
class Stop:
    """`state` is done, now, waiting, next, failed or skipped (web.states). `until`: when it goes on by itself."""

    title: str
    state: str
    detail: str = ""
    until: datetime | None = None


def turn_of(release: Release) -> list[Stop]:
    """A release that supersedes another one first waits for it."""
    if not release.supersedes_id:
        return []
    waits = release.phase == Phase.QUEUED and not release.ended
    never = release.ended and release.started_at is None
    return [Stop(_("Its turn"), "now" if waits else "skipped" if never else "done")]


def back_of(release: Release, written_at: datetime | None, restored_at: datetime | None) -> Stop:
    """The old version comes back; `written_at` None: nothing was changed, so there is nothing to give back."""
    label = release.from_revision.label if release.from_revision else ""
    title = _("Back to %(version)s") % {"version": label} if label else _("Back to the old version")
    if not release.ended:
        return Stop(title, "now", _("%(ready)d ready") % {"ready": counts_of(release).old_ready})
    if written_at is None:
        return Stop(title, "skipped", _("nothing was written"))
    return Stop(title, "done", f"{restored_at:%H:%M:%S}" if restored_at else "")


def goes_back(release: Release) -> bool:
    """Whether the way back is a stop of its own."""
    return release.state.get("outcome") in ("Failed", "Aborted")
