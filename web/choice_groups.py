"""The boxes of a form field whose choices stand in groups."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.forms import BoundField, CheckboxSelectMultiple
from django.forms.boundfield import BoundWidget


def groups_of(bound: BoundField) -> list[tuple[str, list[BoundWidget]]]:
    """The boxes by the title of their group; empty for a field whose choices stand in none."""
    widget = bound.field.widget
    choices: list[Any] = list(widget.choices) if isinstance(widget, CheckboxSelectMultiple) else []
    if not all(isinstance(inner, (list, tuple)) for _title, inner in choices):
        return []
    boxes = iter(bound.subwidgets)
    return [(str(title), list(islice(boxes, len(inner)))) for title, inner in choices]
