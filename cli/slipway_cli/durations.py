"""Durations as people write them: 90s, 15m, 12h, 30d."""

from __future__ import annotations

import re
from typing import Any

import click

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A duration as seconds; a number alone means seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """`15m` as 900."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d{1,7})([smhd]?)", str(value).strip())
        if not found:
            self.fail(f"{value!r} is no duration. Write it as 90s, 15m or 2h.", param, ctx)
        return float(int(found[1]) * UNITS[found[2]])
