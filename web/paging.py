"""Lists in portions: by cursor for the API, by number for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from web.errors import BadParameter
from web.filters import ordering_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Row = TypeVar("Row", bound="Model")


class CursorPages(CursorPagination):
    """`{results, next, previous, count}`; `?limit=` 1 to 200, `?ordering=` from the view's `ordering_fields`."""

    page_size = DEFAULT_LIMIT
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        self.count = queryset.count()
        try:
            if narrowed := getattr(view, "narrowed", None):
                queryset = narrowed(queryset, self.get_ordering(request, queryset, view)[0].removeprefix("-"))
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ValidationError):
            raise BadParameter(_("The cursor cannot be read. Begin again without it.")) from None

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("limit", "")
        if not text:
            return DEFAULT_LIMIT
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_LIMIT):
            raise BadParameter(_("limit is a number from 1 to %(max)d.") % {"max": MAX_LIMIT})
        return int(text)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        default = getattr(view, "ordering", None) or queryset.model._meta.ordering or ("pk",)
        allowed = getattr(view, "ordering_fields", ())
        columns = ordering_of(request.query_params.get("ordering", ""), allowed, default)
        return tuple("-id" if column == "-pk" else "id" if column == "pk" else column for column in columns)

    def _get_position_from_instance(self, instance: Any, ordering: Sequence[str]) -> str:
        for name in ordering[0].removeprefix("-").split("__"):
            instance = getattr(instance, name)
        return str(instance)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"results": data, "next": self.get_next_link(), "previous": self.get_previous_link(), "count": self.count}
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for one in parameters:
            if one["name"] == self.page_size_query_param:
                one["schema"] |= {"minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous", "count"],
            "properties": {
                "results": schema,
                "next": link,
                "previous": link,
                "count": {"type": "integer"},
            },
        }


def page_of(
    rows: QuerySet[Row] | Sequence[Row], number: str | None, size: int = DEFAULT_LIMIT, *, count: int | None = None
) -> Page[Row]:
    """One numbered page; a number that does not exist answers the nearest one that does. `count` is how many rows there
    are, for who knows it already."""
    paginator = Paginator(rows, size)
    if count is not None:
        paginator.count = count
    return paginator.get_page(number)
