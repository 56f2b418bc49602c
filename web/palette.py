"""The palette: what `Ctrl+K` finds. Rooms add sources in AppConfig.ready; a source answers what the person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from web import nav
from web.fragments import render_page

MAX_QUERY = 100
MAX_OF_A_KIND = 7


@dataclass(frozen=True)
class Found:
    """One thing to jump to; `detail` says in a few words what or where it is."""

    label: str
    url: str
    icon: str
    detail: str = ""


@dataclass(frozen=True)
class Source:
    """`find(user, words)` answers the best matches first, and for "" what the person is likely to want."""

    heading: str | Promise
    find: Callable[[Any, str], Iterable[Found]]
    order: int = 50


_sources: dict[str, Source] = {}


def add(name: str, source: Source) -> None:
    """Let the palette ask `source`. Adding the same `name` again replaces it."""
    _sources[name] = source


@login_required
def find(request: HttpRequest) -> HttpResponse:
    """The palette's answer to `?q=`; without JavaScript the same as a page."""
    words = request.GET.get("q", "").strip()[:MAX_QUERY]
    sources = sorted(_sources.values(), key=lambda source: source.order)
    groups = [
        (_("Pages"), _pages(request, words)),
        *((str(source.heading), [*source.find(request.user, words)][:MAX_OF_A_KIND]) for source in sources),
    ]
    if words:
        groups.sort(key=lambda group: _rank(group[1], words))
    return render_page(request, "palette.html", {"words": words, "groups": [group for group in groups if group[1]]})


def _pages(request: HttpRequest, words: str) -> list[Found]:
    return [
        Found(str(entry.item.label), entry.url, entry.item.icon)
        for entry in nav.entries(request)
        if matches(str(entry.item.label), words)
    ]


def matches(text: str, words: str) -> bool:
    """Whether each word is in the text, or its letters are, in order: "chkt" finds "checkout"."""
    low = text.lower()
    return all(word in low or _in_order(word, low) for word in words.lower().split())


def _in_order(word: str, text: str) -> bool:
    letters = iter(text)
    return len(word) > 1 and all(letter in letters for letter in word)


def _rank(found: list[Found], words: str) -> int:
    """0 for a group whose best label begins with the words, 1 where it holds them, else 2."""
    low = words.lower()
    if any(one.label.lower().startswith(low) for one in found):
        return 0
    return 1 if any(low in one.label.lower() for one in found) else 2
