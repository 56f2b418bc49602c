"""Query parameters of lists: what may be filtered, searched and ordered by, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.filters import BaseFilterBackend

from web.errors import BadParameter

if TYPE_CHECKING:
    from django.http import QueryDict
    from rest_framework.request import Request
    from rest_framework.views import APIView

Rows = QuerySet[Any, Any]
# A lookup path as `team__name`, or a function that narrows the rows by the parameter's text.
Filter = str | Callable[[Rows, str], Rows]

LONGEST_VALUE = 500


def boolean(lookup: str) -> Filter:
    """A filter that takes `true` or `false`."""

    def narrow(rows: Rows, text: str) -> Rows:
        if text not in {"true", "false"}:
            raise BadParameter(_("Use true or false, not “%(text)s”.") % {"text": text})
        return rows.filter(**{lookup: text == "true"})

    return narrow


def instant(lookup: str) -> Filter:
    """A filter that takes an RFC 3339 time; one without a zone is read as UTC."""

    def narrow(rows: Rows, text: str) -> Rows:
        try:
            at: datetime | None = parse_datetime(text.replace(" ", "+"))
        except ValueError:
            at = None
        if at is None:
            raise BadParameter(_("“%(text)s” is no RFC 3339 time such as 2026-11-24T22:50:00Z.") % {"text": text})
        return rows.filter(**{lookup: at if at.tzinfo else at.replace(tzinfo=UTC)})

    return narrow


def filtered(rows: Rows, filters: Mapping[str, Filter], given: Mapping[str, str]) -> Rows:
    """Narrow the rows by each given parameter that is a filter. Raises BadParameter for a value that cannot be read."""
    for name, how in filters.items():
        text = given.get(name, "")
        if not text:
            continue
        try:
            rows = how(rows, text) if callable(how) else rows.filter(**{how: text})
        except (ValueError, ValidationError):
            raise BadParameter(_("“%(text)s” is no value for %(name)s.") % {"text": text, "name": name}) from None
    return rows


def searched(rows: Rows, fields: Sequence[str], text: str) -> Rows:
    """The rows in which every word of the text occurs in one of the fields."""
    for word in text.split()[:10]:
        any_field = Q()
        for field in fields:
            any_field |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(any_field)
    return rows


def ordering_of(text: str, allowed: Sequence[str], default: Sequence[str], unique: str = "pk") -> list[str]:
    """The columns to order by, ending in a unique one. Raises BadParameter for a column that is not offered."""
    wanted = [part.strip() for part in text.split(",") if part.strip()] or list(default)
    for column in wanted if text else []:
        if column.removeprefix("-") not in allowed:
            raise BadParameter(
                _("There is no ordering by “%(column)s”. These are offered: %(allowed)s.")
                % {"column": column, "allowed": ", ".join(allowed) or _("none")}
            )
    if not wanted or wanted[-1].removeprefix("-") in {unique, "id"}:
        return wanted or [unique]
    # In the direction of the last one, so that an index of both is read from either end.
    return [*wanted, f"-{unique}" if wanted[-1].startswith("-") else unique]


def require_known(given: QueryDict, known: set[str]) -> None:
    """Refuse parameters that nobody reads: a misspelt filter must not silently answer everything."""
    for name, texts in given.lists():
        if name not in known:
            raise BadParameter(
                _("There is no parameter “%(name)s” here. These are read: %(known)s.")
                % {"name": name[:100], "known": ", ".join(sorted(known)) or _("none")}
            )
        if len(texts) > 1:
            raise BadParameter(_("The parameter “%(name)s” is given more than once.") % {"name": name})
        if "\0" in texts[0] or len(texts[0]) > LONGEST_VALUE:
            raise BadParameter(_("The value of “%(name)s” is too long or holds a NUL character.") % {"name": name})


def flag(given: Mapping[str, Any], name: str) -> bool:
    """A yes-or-no parameter such as `?dry_run=true`; absent means no."""
    text = str(given.get(name, "false"))
    if text not in {"true", "false"}:
        raise BadParameter(_("Use true or false for %(name)s.") % {"name": name})
    return text == "true"


class ListFilters(BaseFilterBackend):
    """Applies a view's `filter_fields` and `search_fields`; the paginator reads `ordering_fields`."""

    def filter_queryset(self, request: Request, queryset: Any, view: APIView) -> Any:
        given = request.query_params.dict()
        rows = filtered(queryset, getattr(view, "filter_fields", {}), given)
        return searched(rows, getattr(view, "search_fields", ()), given.get("search", ""))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The parameters for the OpenAPI schema."""
        names = list(getattr(view, "filter_fields", {}))
        if getattr(view, "search_fields", ()):
            names.append("search")
        parameters = [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in names]
        if fields := getattr(view, "ordering_fields", ()):
            described = "One or more of " + ", ".join(fields) + "; a leading - reverses."
            parameters.append(
                {
                    "name": "ordering",
                    "in": "query",
                    "required": False,
                    "description": described,
                    "schema": {"type": "string"},
                }
            )
        return parameters
