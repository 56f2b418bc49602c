"""Form fields for the simple values of values.schema.json: what is one line, a number, a choice or a yes.

The YAML beside them stays the whole truth: a field that is left as it was changes nothing in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

MOST_FIELDS, MOST_DEPTH = 40, 3


@dataclass(frozen=True)
class Simple:
    """One simple value: where it is in the values, and the form's name for it."""

    path: tuple[str, ...]
    field: forms.Field

    @property
    def name(self) -> str:
        """The name in the form; a path's parts cannot hold a blank there."""
        return "value:" + "/".join(self.path)


def simple_fields(schema: dict[str, Any] | None) -> list[Simple]:
    """The simple values that the schema names, in its order. A schema that is odd gives fewer, never an error."""
    found: list[Simple] = []
    _collect(schema or {}, (), found)
    return found[:MOST_FIELDS]


def value_at(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path, None where there is none."""
    held: Any = values
    for part in path:
        held = held.get(part) if isinstance(held, dict) else None
    return held


def with_value(values: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of the values with one of them set."""
    head, *rest = path
    held = values.get(head)
    inner = with_value(held if isinstance(held, dict) else {}, tuple(rest), value) if rest else value
    return {**values, head: inner}


def _collect(schema: dict[str, Any], path: tuple[str, ...], found: list[Simple]) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or len(path) >= MOST_DEPTH:
        return
    for name, inner in properties.items():
        if not isinstance(inner, dict) or not isinstance(name, str) or len(found) >= MOST_FIELDS:
            continue
        field = _field(inner, ".".join((*path, name)))
        if field is not None:
            found.append(Simple((*path, name), field))
        elif inner.get("type") == "object":
            _collect(inner, (*path, name), found)


def _field(schema: dict[str, Any], label: str) -> forms.Field | None:
    about: dict[str, Any] = {
        "label": str(schema.get("title") or label)[:120],
        "help_text": str(schema.get("description") or "")[:500],
        "required": False,
    }
    choices = schema.get("enum")
    if isinstance(choices, list) and choices and all(isinstance(each, str) for each in choices):
        return forms.ChoiceField(choices=[("", ""), *((each, each) for each in choices)], **about)
    kind = schema.get("type")
    if kind == "string":
        return forms.CharField(max_length=4000, **about)
    if kind in {"integer", "number"}:
        ends = (("min_value", schema.get("minimum")), ("max_value", schema.get("maximum")))
        limits: dict[str, Any] = {name: value for name, value in ends if _is_number(value)}
        return (forms.IntegerField if kind == "integer" else forms.FloatField)(**limits, **about)
    if kind == "boolean":
        return forms.TypedChoiceField(
            choices=[("", ""), ("true", "true"), ("false", "false")],
            coerce=lambda text: text == "true",
            empty_value=None,
            **about,
        )
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
