"""Text of a host, cut to size and cleaned. A compromised host may print anything: none of it reaches a page as is."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_OUTPUT = 4 * 1024 * 1024
MOST_LINES = 4000
MOST_LINE = 2000
MOST_ITEMS = 256
_SECTION = re.compile(r"::([a-z_]{1,32})( facts 1)?")
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,12})?")


def clean(text: str, longest: int = 200) -> str:
    """The text without characters that control a terminal or a page's direction, in one line, at most so long."""
    return "".join(sign if sign.isprintable() else " " for sign in text[: longest * 2]).strip()[:longest]


def sections(output: str) -> dict[str, list[str]]:
    """The lines of each section, without the space they begin with. A section given twice counts once, the first."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output[:MOST_OUTPUT].split("\n"):
        name = _SECTION.fullmatch(line.rstrip("\r")) if line.startswith("::") else None
        if name is not None:
            lines = found.setdefault(name[1], []) if name[1] not in found and len(found) < MOST_ITEMS else []
        elif line.startswith(" ") and len(lines) < MOST_LINES:
            lines.append("".join(sign if sign.isprintable() else " " for sign in line[1:MOST_LINE]).rstrip())
    return found


def pairs(lines: Iterable[str]) -> dict[str, str]:
    """`name=value` lines; the first of a name counts."""
    found: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and len(found) < MOST_ITEMS:
            found.setdefault(clean(name, 80), clean(value))
    return found


def whole(text: str) -> int | None:
    """A number without sign, None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def decimal(text: str) -> float | None:
    """A number with a point, None for anything else."""
    text = text.strip()
    return float(text) if text.isascii() and _DECIMAL.fullmatch(text) else None
