"""Text of a machine as one line that does nothing: to a terminal, to the direction of reading, to whoever copies it."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def printable(text: str) -> str:
    """One line without terminal commands and control characters; tabs stay."""
    return "".join(each for each in _ESCAPES.sub("", text) if each == "\t" or each.isprintable()).rstrip()
