"""What every page has: the theme and, lazily, the rail (a fragment never pays for it)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from web import nav
from web.theme import theme_of


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor of base.html."""
    return {"theme": theme_of(request), "nav": SimpleLazyObject(lambda: nav.entries(request))}
