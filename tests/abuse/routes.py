"""Every address of the portal, read from its URL map, with made-up values for the parts that vary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

MADE_UP = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "1", "str": "x", "slug": "x", "path": "x"}


@dataclass(frozen=True)
class Route:
    """One address: its path with values filled in, its name, and the view behind it."""

    path: str
    name: str
    view: Any

    def __str__(self) -> str:
        return self.path


def all_routes() -> list[Route]:
    """The whole map, pages and API, in order."""
    return sorted(_below(get_resolver().url_patterns, "/"), key=lambda route: route.path)


def _below(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        assert isinstance(pattern.pattern, RoutePattern), f"{prefix}{pattern.pattern} is no plain route"
        path = prefix + _filled(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, path)
        else:
            yield Route(path, pattern.name or "", pattern.callback)


def _filled(pattern: RoutePattern) -> str:
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            text = text.replace(written, MADE_UP[kind])
    return text
