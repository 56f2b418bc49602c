"""Lists that are read from what was observed, in portions: the envelope of every list, with `as_of` beside it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.response import Response

from web.errors import BadParameter
from web.paging import DEFAULT_LIMIT, MAX_LIMIT

if TYPE_CHECKING:
    from rest_framework.request import Request


def portion(request: Request, ask: Callable[[int, int], dict[str, Any]]) -> Response:
    """One portion of what `ask(limit, offset)` answers; a query that answers everything is cut here.

    Raises BadParameter for a limit or cursor that cannot be read.
    """
    limit, offset = _limit(request.query_params.get("limit", "")), _offset(request.query_params.get("cursor", ""))
    answer = ask(limit, offset)
    rows, count = answer["results"], answer["count"]
    if len(rows) > limit:
        rows = rows[offset : offset + limit]
    return Response(
        {
            **answer,
            "results": rows,
            "next": _link(request, offset + limit) if offset + limit < count else None,
            "previous": _link(request, max(0, offset - limit)) if offset else None,
        }
    )


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_LIMIT):
        raise BadParameter(_("limit is a number from 1 to %(max)d.") % {"max": MAX_LIMIT})
    return int(text)


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return max(0, int(urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").removeprefix("o=")[:9]))
    except (ValueError, UnicodeError):
        raise BadParameter(_("The cursor cannot be read. Begin again without it.")) from None


def _link(request: Request, offset: int) -> str:
    given = request.query_params.copy()
    given["cursor"] = urlsafe_b64encode(f"o={offset}".encode("ascii")).decode("ascii")
    return request.build_absolute_uri(f"{request.path}?{given.urlencode()}")
