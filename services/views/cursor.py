"""A list page in portions by cursor, with the same cursors as the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from rest_framework.request import Request
from rest_framework.views import APIView

from web.paging import CursorPages

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@dataclass(frozen=True)
class CursorPage:
    """One portion; the part `paging` reads count and cursors."""

    rows: list[Any]
    count: int
    next_cursor: str
    previous_cursor: str


def cursor_page(
    request: HttpRequest, rows: QuerySet[Any], *, ordering: Sequence[str], allowed: Sequence[str]
) -> CursorPage:
    """The portion that `?cursor=`, `?limit=` and `?ordering=` ask for. Raises BadParameter."""

    class Ordered(APIView):
        ordering_fields: ClassVar[Sequence[str]] = allowed

    view = Ordered()
    view.ordering = ordering  # type: ignore[attr-defined]
    pages = CursorPages()
    portion = pages.paginate_queryset(rows, Request(request), view) or []
    return CursorPage(portion, pages.count, _cursor_in(pages.get_next_link()), _cursor_in(pages.get_previous_link()))


def _cursor_in(link: str | None) -> str:
    return parse_qs(urlsplit(link).query).get("cursor", [""])[0] if link else ""
