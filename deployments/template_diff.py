"""What changes from one pod template to another, as the lines of YAML that a person would compare."""

from __future__ import annotations

import difflib
from typing import Any

import yaml

from deployments.engine.json import Json
from deployments.engine.workload import HASH
from deployments.masked import masked

CONTEXT_LINES = 3
_FIRST = ("name", "image")


def template_diff(before: Json, after: Json) -> str:
    """The unified diff of two templates as masked YAML, without file headers; "" when they are the same.

    Secrets are masked on both sides. Where nothing but a masked value changes, a line says so instead of showing it.
    """
    old, new = as_yaml(before), as_yaml(after)
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT_LINES))[2:]
    if not lines and _shown(before) != _shown(after):
        lines = ["@@ a masked value changes @@"]
    return "\n".join(lines)


def as_yaml(template: Json) -> str:
    """A template as masked YAML: names and images first, then by key, so that equal templates give equal text."""
    text: str = yaml.dump(_ordered(masked(_shown(template))), sort_keys=False, allow_unicode=True, width=100)
    return text


def _shown(template: Json) -> Json:
    """Without what the Deployment controller adds by itself."""
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}} if template else {}


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (_FIRST.index(key) if key in _FIRST else len(_FIRST), key))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(item) for item in value] if isinstance(value, list) else value
