"""Differences between two texts, as lines that the `diff` part shows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

# A template has hundreds of lines; beyond this a diff would be neither read nor quick to make.
MAX_LINES = 5000


@dataclass(frozen=True)
class DiffLine:
    """`kind` is same, add, del or hunk; `text` has no sign in front."""

    kind: str
    text: str


def compare(before: str, after: str, context: int = 3) -> list[DiffLine]:
    """What changes from `before` to `after`, with `context` equal lines around each change; [] when nothing does."""
    old, new = before.splitlines()[:MAX_LINES], after.splitlines()[:MAX_LINES]
    return as_lines(list(difflib.unified_diff(old, new, lineterm="", n=context))[2:])


def as_lines(lines: str | Iterable[str | DiffLine]) -> list[DiffLine]:
    """Lines of a unified diff (headers left out) as DiffLine; those that are one already stay."""
    given = lines.splitlines() if isinstance(lines, str) else lines
    return [
        line if isinstance(line, DiffLine) else _read(line)
        for line in given
        if isinstance(line, DiffLine) or not line.startswith(("--- ", "+++ "))
    ]


def _read(line: str) -> DiffLine:
    kinds = {"+": "add", "-": "del", "@": "hunk"}
    kind = kinds.get(line[:1], "same")
    if kind == "hunk":
        return DiffLine(kind, line)
    return DiffLine(kind, line[1:] if line[:1] in "+- " else line)
