"""A crumb that is also a switcher: where else one could stand at this place of the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Switch:
    """Stands in a crumb where a URL would. `choices` are label, URL and whether it is the current one."""

    url: str
    label: str | Promise
    choices: Sequence[tuple[str, str, bool]]
