"""YAML that people read and write. The same limits hold as for any YAML of a stranger."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import yaml
from django.utils.translation import gettext as _

from clusters.connection.strict_yaml import UnsafeYaml, read_yaml
from deployments.engine.json import Json

MOST_BYTES = 64 * 1024
_WORDS: dict[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}
_NUMBER = re.compile(r"\A-?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"\A-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z")


def to_yaml(values: Json) -> str:
    """The values in their order, without those that are None; several lines stand as a block."""
    shown = {name: value for name, value in values.items() if value is not None}
    return yaml.dump(shown, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=100)


def read_typed(text: str, *, texts: Collection[str]) -> Json | None:
    """What the text says; None for an empty one. Numbers, true, false and null are such but for the fields named in
    `texts`. Raises ValueError in words, naming line and column."""
    if not text.strip():
        return None
    try:
        return dict(_typed(read_yaml(text, max_bytes=MOST_BYTES), texts))
    except UnsafeYaml as error:
        raise ValueError(_("The YAML cannot be read: %(why)s.") % {"why": error.detail}) from error


def _typed(value: Any, texts: Collection[str], name: str = "") -> Any:
    """The reader gives every scalar as text."""
    if isinstance(value, dict):
        return {key: _typed(item, texts, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, texts) for item in value]
    if name in texts or not isinstance(value, str):
        return value
    if _NUMBER.match(value):
        return int(value)
    return float(value) if _DECIMAL.match(value) else _WORDS.get(value, value)


class _Blocks(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _text)
