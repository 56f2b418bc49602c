"""A strategy as YAML that people read and write. The same limits hold as for any YAML of a stranger."""

from __future__ import annotations

import re
from typing import Any

import yaml
from django.utils.translation import gettext as _

from clusters.connection.strict_yaml import UnsafeYaml, read_yaml
from deployments.engine.json import Json

MOST_BYTES = 64 * 1024
# What is matched in a header is a text, however much it looks like a number.
_TEXTS = ("exact", "prefix", "regex", "header", "name", "team")
_WORDS: dict[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}
_NUMBER = re.compile(r"\A-?(0|[1-9][0-9]{0,17})\Z")


def as_yaml(strategy: Json | None) -> str:
    """The strategy in the order in which people think of it; "" where there is none."""
    if not strategy:
        return ""
    shown = {name: value for name, value in strategy.items() if value is not None}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str) -> Json | None:
    """What the text says; None for an empty one. Raises ValueError in words, naming line and column."""
    if not text.strip():
        return None
    try:
        return dict(_typed(read_yaml(text, max_bytes=MOST_BYTES)))
    except UnsafeYaml as error:
        raise ValueError(_("The YAML cannot be read: %(why)s.") % {"why": error.detail}) from error


def _typed(value: Any, name: str = "") -> Any:
    """Whole numbers, true, false and null as such. The reader gives every scalar as text."""
    if isinstance(value, dict):
        return {key: _typed(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if name in _TEXTS or not isinstance(value, str):
        return value
    if _NUMBER.match(value):
        return int(value)
    return _WORDS.get(value, value)
