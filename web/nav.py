"""The rail. Apps add their entry in AppConfig.ready; an entry without a page of its own is not shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise


@dataclass(frozen=True)
class NavItem:
    """`count` answers how many things wait for a person there (0 hides the mark); it is asked on every full page.

    `is_for` says whether an entry is for a person at all; it may cost no query.
    """

    label: str | Promise
    url_name: str
    icon: str
    order: int
    count: Callable[[Any], int] | None = None
    is_for: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Entry:
    """A NavItem as one request sees it."""

    item: NavItem
    url: str
    is_current: bool
    count: int


_items: dict[str, NavItem] = {}


def add(item: NavItem) -> None:
    """Put an entry into the rail. Adding the same `url_name` again replaces it."""
    _items[item.url_name] = item


def entries(request: HttpRequest, at: str = "") -> list[Entry]:
    """The rail for this person, in order. The entry that leads furthest towards `at` (this page) is the current one."""
    found = [(item, url_or_none(item.url_name)) for item in sorted(_items.values(), key=lambda item: item.order)]
    shown = [(item, url) for item, url in found if url and (item.is_for is None or item.is_for(request.user))]
    here = max((url for _item, url in shown if _leads_to(url, at or request.path)), key=len, default="")
    return [Entry(item, url, url == here, item.count(request.user) if item.count else 0) for item, url in shown]


def _leads_to(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


def url_or_none(name: str, *args: Any) -> str:
    """The URL of a page, or "" where this installation does not have that page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
