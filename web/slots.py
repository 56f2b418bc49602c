"""Places on a room's pages that rooms above it fill: each room keeps a list of functions that make a Slot or None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Slot:
    """One card: `key` names it in the page, `template` is rendered with `context` as `slot`.

    One that `stands_alone` is a card by itself, over the whole width, and refreshes itself.
    """

    key: str
    title: str | Promise
    template: str
    context: dict[str, Any]
    stands_alone: bool = False
