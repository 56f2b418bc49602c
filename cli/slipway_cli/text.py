"""Text on its way to a terminal: harmless, coloured where that is wanted, as wide as there is room."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from typing import TextIO

COLOURS = {"red": 31, "green": 32, "amber": 33, "blue": 34, "grey": 90, "bold": 1}
STATUS_COLOURS = {
    "succeeded": "green",
    "connected": "green",
    "approved": "green",
    "progressing": "blue",
    "queued": "blue",
    "paused": "amber",
    "waiting": "amber",
    "pending": "amber",
    "failed": "red",
    "aborted": "red",
    "rejected": "red",
    "unreachable": "red",
}


def clean(text: object) -> str:
    """One line without control characters: what a portal or a cluster says must not drive the terminal.

    Takes escape sequences, line breaks and marks that turn the direction of writing out; in a job of GitHub Actions
    what its runner would take for a command as well.
    """
    line = "".join(letter if _is_harmless(letter) else " " for letter in str(text))
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return line
    # The runner finds "::" after blanks at the start of a line, and "##[" anywhere in it.
    line = line.replace("##[", "# #[")
    return line.replace("::", ": :", 1) if line.lstrip().startswith("::") else line


def escaped(text: str) -> str:
    """JSON as text with the same letters written as escapes: it means the same, and drives no terminal."""
    return "".join(
        letter if letter == "\n" or _is_harmless(letter) else json.dumps(letter, ensure_ascii=True)[1:-1]
        for letter in text
    )


def _is_harmless(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_coloured(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """The text in a colour, for stderr unless another stream is given."""
    if colour not in COLOURS or not is_coloured(stream or sys.stderr):
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def shortened(text: str, width: int) -> str:
    """At most `width` characters; what is left out is marked."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their longest entry; the heading alone where there are no rows."""
    cells = [headings, *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def span(seconds: float) -> str:
    """75 as 1:15, 3675 as 1:01:15."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
