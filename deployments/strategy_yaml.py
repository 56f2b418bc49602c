"""A strategy as YAML."""

from __future__ import annotations

from deployments.engine.json import Json
from deployments.typed_yaml import read_typed, to_yaml

# What is matched in a header is a text, however much it looks like a number.
_TEXTS = ("exact", "prefix", "regex", "header", "name", "team")


def as_yaml(strategy: Json | None) -> str:
    """The strategy in the order in which people think of it; "" where there is none."""
    return to_yaml(strategy) if strategy else ""


def from_yaml(text: str) -> Json | None:
    """What the text says; None for an empty one. Raises ValueError in words, naming line and column."""
    return read_typed(text, texts=_TEXTS)
