"""Freeze windows: whether one holds at a given time, and until when (delivery.md, Approvals, windows, fast paths).

A window is once (`starts`, `ends`) or weekly (`weekdays`, `from`, `to` by the clock on the wall of `time_zone`).
A weekly one that ends no later than it starts ends on the next day. Where that clock is put back, the window begins
with the first of the two equal times and ends with the second; where it is put forward over an edge, the edge is the
moment of the jump: whatever the clock does, a freeze is never shorter than the clock on the wall says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from deployments.engine.json import Json
from deployments.engine.seen import Window

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Weekly windows without a gap never end; what is told of them is the end of the week to come.
FARTHEST = timedelta(days=8)
AHEAD = timedelta(days=8)


@dataclass(frozen=True)
class Span:
    """One occurrence of a window: it holds from `starts` until just before `ends`."""

    starts: datetime
    ends: datetime
    window: Json


def window_at(windows: Iterable[Json], now: datetime) -> Window | None:
    """The window that blocks at `now`, None where none does.

    Of several the one that ends last is named. `until` is the first moment that no window blocks any more, so windows
    that follow one another without a gap count as one.
    """
    blocking = [one for one in windows if one.get("mode", "block") == "block"]
    holding = _last_to_end(blocking, now)
    if holding is None:
        return None
    until = holding.ends
    while until < now + FARTHEST and (following := _last_to_end(blocking, until)):
        until = following.ends
    window = holding.window
    return Window(name_of(window), until, str(window.get("override_role") or ""))


def warnings_at(windows: Iterable[Json], now: datetime) -> list[Window]:
    """The windows that hold at `now` and only warn, each with its own end."""
    warning = [one for one in windows if one.get("mode") == "warn"]
    return [Window(name_of(span.window), span.ends) for span in _spans(warning, now) if span.starts <= now < span.ends]


def next_window(windows: Iterable[Json], now: datetime, within: timedelta = AHEAD) -> Span | None:
    """The first blocking window that begins after `now` and no later than `within` from it."""
    blocking = [one for one in windows if one.get("mode", "block") == "block"]
    days = within.days + 1
    coming = [span for span in _spans(blocking, now, days) if now < span.starts <= now + within]
    return min(coming, key=lambda span: span.starts, default=None)


def name_of(window: Json) -> str:
    """What people call a window: its name, else when it is."""
    if window.get("name"):
        return str(window["name"])
    if "starts" in window:
        return f"{window['starts']} – {window['ends']}"
    return f"{', '.join(window['weekdays'])} {window['from']}–{window['to']} {window['time_zone']}"


def _last_to_end(windows: list[Json], now: datetime) -> Span | None:
    holding = [span for span in _spans(windows, now) if span.starts <= now < span.ends]
    return max(holding, key=lambda span: span.ends, default=None)


def _spans(windows: Iterable[Json], now: datetime, days_ahead: int = 1) -> Iterator[Span]:
    """The occurrences around `now`; a weekly one lasts at most a day, so those of yesterday may still hold."""
    for window in windows:
        if "starts" in window:
            yield Span(datetime.fromisoformat(window["starts"]), datetime.fromisoformat(window["ends"]), window)
            continue
        zone = ZoneInfo(window["time_zone"])
        today = now.astimezone(zone).date()
        for offset in range(-2, days_ahead + 1):
            day = today + timedelta(days=offset)
            if WEEKDAYS[day.weekday()] in window["weekdays"]:
                yield _on(day, window, zone)


def _on(day: date, window: Json, zone: ZoneInfo) -> Span:
    begins, ends = time.fromisoformat(window["from"]), time.fromisoformat(window["to"])
    last = day if ends > begins else day + timedelta(days=1)
    return Span(_moment(day, begins, zone, is_end=False), _moment(last, ends, zone, is_end=True), window)


def _moment(day: date, at: time, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """When the clock on the wall shows this, in UTC."""
    first, second = (datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first > second:
        return _jump(second, first, zone)
    return second if is_end else first


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the clock is put forward, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after.replace(microsecond=0)
