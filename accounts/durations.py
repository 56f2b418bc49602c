"""Durations as people write them: 90s, 15m, 12h, 30d."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils.translation import gettext as _

from web.errors import Invalid

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str, pointer: str = "/expires") -> timedelta:
    """`30d` as a timedelta. Raises Invalid at `pointer` for anything else."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if not found:
        raise Invalid.at(pointer, "invalid", _("Write a duration as 90s, 15m, 12h, 30d or 8w."))
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
