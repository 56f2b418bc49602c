"""Which time is shown and how densely: from `range` and `step` of an address to a window of bounded size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from web.errors import BadParameter

MOST_POINTS = 300
LONGEST_SECONDS = 31 * 86400
SHORTEST_STEP_SECONDS = 1
# Offered on pages, each with the spacing of its points.
RANGES = {"15m": 5, "1h": 15, "6h": 90, "24h": 300}
DEFAULT_RANGE = "1h"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"\A(\d{1,9})(s|m|h|d|w)?\Z")
_NICE_STEPS = (5, 10, 15, 30, 60, 90, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Window:
    """A stretch of time, both ends included, in Unix seconds; a point every `step` seconds, at most MOST_POINTS.

    `name` is the range it was made from, "" for one between two given times.
    """

    start: int
    end: int
    step: int
    name: str = ""

    @property
    def points(self) -> int:
        return (self.end - self.start) // self.step + 1

    @property
    def starts(self) -> datetime:
        return datetime.fromtimestamp(self.start, UTC)

    @property
    def ends(self) -> datetime:
        return datetime.fromtimestamp(self.end, UTC)


def window_for(range_text: str = "", step_text: str = "", *, now: datetime | None = None) -> Window:
    """The time that ends now. Raises BadParameter for what cannot be read or would be too many points."""
    name = range_text or DEFAULT_RANGE
    seconds = _seconds(name, "range")
    if seconds > LONGEST_SECONDS:
        raise BadParameter(_("The longest range is %(days)d days.") % {"days": LONGEST_SECONDS // 86400})
    end = int((now or timezone.now()).timestamp())
    step = _step(step_text, seconds, RANGES.get(name))
    return _aligned(end - seconds, end, step, name)


def page_window(range_text: str, *, now: datetime | None = None) -> Window:
    """The same for a page, which offers a few ranges and takes the default for any other word."""
    return window_for(range_text if range_text in RANGES else DEFAULT_RANGE, now=now)


def window_between(start_text: str, end_text: str, step_text: str = "", *, now: datetime | None = None) -> Window:
    """The time between two RFC 3339 times or Unix seconds: by default the last hour. Raises BadParameter."""
    end = _instant(end_text, "end") if end_text else (now or timezone.now())
    start = _instant(start_text, "start") if start_text else end - timedelta(hours=1)
    seconds = int((end - start).total_seconds())
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise BadParameter(_("start must be before end, at most %(days)d days.") % {"days": LONGEST_SECONDS // 86400})
    step = _step(step_text, seconds, None)
    return _aligned(int(start.timestamp()), int(end.timestamp()), step, "")


def window_around(start: datetime, end: datetime | None, *, now: datetime | None = None) -> Window:
    """What happened from `start` to `end` (None: still going on), with as much before and after as shows the change."""
    now = now or timezone.now()
    ended = end or now
    margin = max(timedelta(minutes=5), (ended - start) / 4)
    first, last = start - margin, min(now, ended + margin)
    seconds = min(int((last - first).total_seconds()), LONGEST_SECONDS)
    return _aligned(int(last.timestamp()) - seconds, int(last.timestamp()), _step("", seconds, None), "")


def _aligned(start: int, end: int, step: int, name: str) -> Window:
    """Both ends on multiples of the step: the points stay where they are while time goes on, and a cache can hit."""
    first, last = start // step * step, end // step * step
    return Window(max(first, last - (MOST_POINTS - 1) * step), last, step, name)


def _step(text: str, seconds: int, usual: int | None) -> int:
    if not text:
        return usual or next((step for step in _NICE_STEPS if seconds // step + 2 <= MOST_POINTS), _NICE_STEPS[-1])
    step = _seconds(text, "step")
    if seconds // step + 1 > MOST_POINTS:
        raise BadParameter(
            _("That would be %(points)d points; the most is %(most)d.")
            % {"points": seconds // step + 1, "most": MOST_POINTS},
            next=_("Take a longer step or a shorter time."),
        )
    return step


def _seconds(text: str, name: str) -> int:
    found = _DURATION.match(text)
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if seconds < SHORTEST_STEP_SECONDS:
        raise BadParameter(
            _("“%(text)s” is no %(name)s: write seconds, or a number with s, m, h or d, as 15m.")
            % {"text": text[:40], "name": name}
        )
    return seconds


def _instant(text: str, name: str) -> datetime:
    try:
        if re.fullmatch(r"\d{1,11}(\.\d{1,6})?", text):
            return datetime.fromtimestamp(float(text), UTC)
        at = parse_datetime(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise BadParameter(
            _("“%(text)s” is no time for %(name)s: write Unix seconds or RFC 3339, as 2026-11-24T22:50:00Z.")
            % {"text": text[:40], "name": name}
        )
    return at if at.tzinfo else at.replace(tzinfo=UTC)
