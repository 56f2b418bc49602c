"""Waiting for a release by the long poll, through whatever happens to the portal meanwhile."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from slipway_cli import exits
from slipway_cli.client import Client
from slipway_cli.errors import GoesOn, Stopped, Trouble, Unreachable
from slipway_cli.progress import Progress, chosen
from slipway_cli.text import span

Release = dict[str, Any]

LONGEST_POLL = 60
# How much later than asked a long poll may be answered before its connection counts as lost.
GRACE_SECONDS = 15.0
# A poll that comes back at once, without an end to tell, must not turn into a storm.
LEAST_SECONDS = 0.5


@dataclass(frozen=True)
class Patience:
    """For how long is waited, and for which gates not at all."""

    seconds: float
    for_approval: bool = True
    for_window: bool = True
    quiet: bool = False


def waited(client: Client, release: Release, patience: Patience) -> tuple[Release, int]:
    """The release when waiting has ended, with the exit code; tells on stderr how it goes.

    Raises GoesOn when the time is up or somebody interrupts: the release is left as it is.
    """
    progress = chosen(lambda after: events_after(client, release["id"], after), quiet=patience.quiet)
    until = time.monotonic() + patience.seconds
    try:
        return _watched(client, release, patience, progress, until)
    except KeyboardInterrupt as stop:
        code = stop.code if isinstance(stop, Stopped) else exits.INTERRUPTED
        raise GoesOn(release, "Interrupted; the release goes on", code) from stop
    finally:
        progress.close()


def _watched(
    client: Client, release: Release, patience: Patience, progress: Progress, until: float
) -> tuple[Release, int]:
    while True:
        progress.show(release)
        code = outcome(release, patience)
        if code is not None:
            return release, code
        left = until - time.monotonic()
        if left <= 0:
            raise GoesOn(release, f"Not done after {span(patience.seconds)}; the release goes on", exits.TIMED_OUT)
        began = time.monotonic()
        try:
            release = _polled(client, release, patience, min(progress.pace, left), until)
        except Unreachable as lost:
            raise GoesOn(
                release,
                f"Not done after {span(patience.seconds)}, and the portal does not answer",
                exits.TIMED_OUT,
                detail=lost.detail,
            ) from lost
        if not exits.has_ended(release):
            time.sleep(max(0.0, LEAST_SECONDS - (time.monotonic() - began)))


def outcome(release: Release, patience: Patience) -> int | None:
    """The exit code when there is nothing to wait for, None while there is."""
    if exits.has_ended(release):
        return exits.of_ended(release)
    if not patience.for_approval and exits.needs_approval(release):
        return exits.NEEDS_APPROVAL
    if not patience.for_window and exits.is_held_by_time(release):
        return exits.BLOCKED
    return None


def _polled(client: Client, release: Release, patience: Patience, seconds: float, until: float) -> Release:
    asked = max(1, min(LONGEST_POLL, math.ceil(seconds)))
    what = {} if patience.for_approval else {"for": "approval"}
    answered: Release = client.get(
        f"releases/{release['id']}/wait/", seconds=asked + GRACE_SECONDS, until=until, timeout=asked, **what
    )
    return answered


def events_after(client: Client, release_id: str, after: int) -> list[dict[str, Any]]:
    """The timeline from there on; empty where it cannot be had now, as waiting matters more."""
    try:
        found = client.get(f"releases/{release_id}/events/", until=time.monotonic(), after=after, limit=200)
    except Trouble:
        return []
    return list(found.get("results") or [])
