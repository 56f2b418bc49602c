"""What any source of an import comes down to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """A workload that carries the service. `index` counts the objects of the source, from 0."""

    index: int
    namespace: str
    workload: str
    container: str
    version: str = ""


@dataclass(frozen=True)
class Entry:
    """One service as the source describes it.

    `fields` holds only what the source speaks of, under the names of services.rules.service; `team` is "" when it names
    no owner.
    """

    index: int
    name: str
    team: str
    fields: dict[str, Any]
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Unusable:
    """An object of the source that cannot be imported, and where in it the reason is."""

    index: int
    pointer: str
    detail: str
    object: str = ""


@dataclass(frozen=True)
class Found:
    """All that a source held. `skipped` are objects of kinds that the catalog has no place for."""

    entries: list[Entry]
    invalid: list[Unusable]
    skipped: list[Unusable] = field(default_factory=list)
