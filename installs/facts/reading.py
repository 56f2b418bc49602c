"""Reads what the script of facts printed. The host may be hostile: sizes are limited, nothing is believed blindly."""

from __future__ import annotations

from installs.shapes import Facts


def parse(output: str) -> Facts:
    """The facts in the output of SCRIPT, with every key of installs.facts. Never raises, whatever was printed."""
    return {"complete": False}
