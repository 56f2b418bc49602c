"""From Prometheus' series to what a page draws: lines on one grid of times, their last values, and a table of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise

from metrics.markers import Marker
from metrics.numbers import shown
from metrics.windows import Window

MOST_LINES = 8
# A table of the numbers is for reading: a longer one only buries the next panel.
MOST_ROWS = 60
# What a line is drawn with is five digits long; more only weighs.
_DIGITS = 5

Series = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a panel: a value for each point of the window, None where there is none.

    `tone` is a colour of chart.css: new, old, or 1 to 8.
    """

    label: str | Promise
    tone: str
    values: list[float | None]
    unit: str

    @property
    def last(self) -> str:
        """The newest value there is, in words."""
        return shown(next((value for value in reversed(self.values) if value is not None), None), self.unit)


@dataclass(frozen=True)
class Panel:
    """One chart. `no_data` says why there are no lines."""

    key: str
    title: str | Promise
    unit: str
    window: Window
    lines: list[Line] = field(default_factory=list)
    markers: Sequence[Marker] = ()
    no_data: str = ""
    left_out: int = 0

    @property
    def drawn(self) -> str:
        """What chart.js draws, as JSON."""
        return json.dumps(
            {
                "start": self.window.start,
                "step": self.window.step,
                "unit": self.unit,
                "lines": [{"tone": line.tone, "values": [_rounded(one) for one in line.values]} for line in self.lines],
                "markers": [
                    {"at": int(one.at.timestamp()), "label": one.version, "tone": one.tone} for one in self.markers
                ],
            },
            separators=(",", ":"),
        )

    @property
    def row_seconds(self) -> int:
        """The time between two rows of the table."""
        return self._stride * self.window.step

    @property
    def rows(self) -> list[tuple[datetime, list[str]]]:
        """The numbers of the lines, newest first, at most MOST_ROWS."""
        points = range(self.window.points - 1, -1, -self._stride)
        return [
            (
                datetime.fromtimestamp(self.window.start + point * self.window.step, UTC),
                [shown(line.values[point], self.unit) for line in self.lines],
            )
            for point in points
        ]

    @property
    def _stride(self) -> int:
        return math.ceil(self.window.points / MOST_ROWS)


def on_grid(series: Series, window: Window) -> list[float | None]:
    """The values of a series, one for each point of the window; what is no finite number counts as none."""
    values: list[float | None] = [None] * window.points
    for at, text in series.get("values", ()):
        point = round((float(at) - window.start) / window.step)
        number = float(text)
        if 0 <= point < window.points and math.isfinite(number):
            values[point] = number
    return values


def one_line(label: str | Promise, tone: str, series: Sequence[Series], window: Window, unit: str) -> list[Line]:
    """The line of a query that gives one series at most."""
    return [Line(label, tone, on_grid(one, window), unit) for one in series[:1]]


def lines_by(label: str, series: Sequence[Series], window: Window, unit: str) -> list[Line]:
    """A line for each value of a label, the largest first; the name decides its colour, so that panels agree."""
    named = sorted(((str(one["metric"].get(label, "")), on_grid(one, window)) for one in series), key=_by_size)
    return [Line(name, "", values, unit) for name, values in named[:MOST_LINES]]


def _by_size(named: tuple[str, list[float | None]]) -> tuple[float, str]:
    return (-sum(value for value in named[1] if value is not None), named[0])


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
