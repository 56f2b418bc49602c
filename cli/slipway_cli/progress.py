"""How a release goes, told on stderr: one line that is redrawn on a terminal, lines with a time elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Any, Protocol

import click

from slipway_cli import exits
from slipway_cli.text import STATUS_COLOURS, clean, painted, shortened, span

STEP_MARKS = {
    "succeeded": "■",
    "running": "▶",
    "paused": "‖",
    "waiting": "?",
    "failed": "✗",
    "aborted": "✗",
    "superseded": "✗",
    "skipped": "·",
    "pending": "□",
}
MOST_MARKS = 24


class Events(Protocol):
    """Where the timeline of a release is read: those events that are numbered above `after`."""

    def __call__(self, after: int) -> list[dict[str, Any]]: ...


class Progress(Protocol):
    """What is told while a release is waited for; `pace` is the longest time between two looks, in seconds."""

    pace: float

    def show(self, release: dict[str, Any]) -> None:
        """It stands like this now."""

    def close(self) -> None:
        """Nothing more comes."""


class Silent:
    """Nothing but errors."""

    pace = 30.0

    def show(self, release: dict[str, Any]) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class LiveLine:
    """One line that is drawn over itself."""

    pace = 2.0

    def __init__(self) -> None:
        self._began = time.monotonic()

    def show(self, release: dict[str, Any]) -> None:
        """Draw the release over what stood there."""
        width = shutil.get_terminal_size().columns - 1
        text = shortened(track(release, time.monotonic() - self._began), width)
        status = str(release.get("status"))
        sys.stderr.write(f"\r\x1b[2K{painted(text, STATUS_COLOURS.get(status, ''))}")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the last drawing where it is."""
        sys.stderr.write("\n")
        sys.stderr.flush()


class PlainLines:
    """A line for each event of the timeline, with the time at which it happened."""

    pace = 5.0

    def __init__(self, events: Events) -> None:
        self._events = events
        self._last = 0
        self._stood = ""

    def show(self, release: dict[str, Any]) -> None:
        """Tell what has happened since the last look, and how the release stands where that has changed."""
        for event in self._events(self._last):
            self._last = max(self._last, int(event["seq"]))
            click.echo(event_line(event), err=True)
        stands = f"{release['status']}: {release['message']}" if release.get("message") else str(release["status"])
        if stands != self._stood and not exits.has_ended(release):
            click.echo(f"{time.strftime('%H:%M:%SZ', time.gmtime())} {clean(stands)}", err=True)
        self._stood = stands

    def close(self) -> None:
        """Every line is complete already."""


def is_terminal() -> bool:
    """Whether a person looks at stderr: CI systems that give a job a terminal say so by CI."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def chosen(events: Events, *, quiet: bool = False) -> Progress:
    """The way of telling that suits where stderr leads."""
    if quiet:
        return Silent()
    return LiveLine() if is_terminal() else PlainLines(events)


def track(release: dict[str, Any], elapsed: float) -> str:
    """The release in one line: what goes where, steps, the share of the new version, pods, time, message."""
    steps = release.get("steps") or []
    parts = [f"{release['service']} {release['version']} to {release['environment']}: {release['status']}"]
    if len(steps) > 1:
        marks = "".join(STEP_MARKS.get(step["status"], "□") for step in steps[:MOST_MARKS])
        parts.append(f"{marks} {min(release['step_index'] + 1, len(steps))}/{len(steps)} {_kind(release)}")
        parts.append(f"{release['weight']['actual']} %")
    canary = release.get("canary") or {}
    if canary.get("desired"):
        parts.append(f"pods {canary['ready']}/{canary['desired']}")
    parts.append(span(elapsed))
    if release.get("message"):
        parts.append(str(release["message"]))
    return clean("  ".join(parts))


def _kind(release: dict[str, Any]) -> str:
    step = release["steps"][min(release["step_index"], len(release["steps"]) - 1)]
    return str(step["kind"]).replace("_", " ")


def event_line(event: dict[str, Any]) -> str:
    """`14:32:08Z Step 1 of 3: 10 % for the new version (by mia)`."""
    actor = str(event.get("actor") or "")
    by = f" (by {actor})" if actor and actor != "slipway" and actor not in str(event.get("message")) else ""
    return clean(f"{str(event['at'])[11:19]}Z {event['message']}{by}")
