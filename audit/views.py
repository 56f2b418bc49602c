"""The page of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required

from accounts.queries import maintained_team_names
from audit import queries
from web.errors import BadParameter
from web.filters import filtered, searched
from web.fragments import render_page
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

FIELDS = ("actor", "action", "object", "team", "since", "until")


@login_required
def log(request: HttpRequest) -> HttpResponse:
    """The entries that the caller may read, narrowed by the form above them."""
    user = cast("Any", request.user)
    rows = queries.entries(user.pk, is_admin=user.is_admin, teams=maintained_team_names(user))
    given = {name: request.GET.get(name, "").strip() for name in FIELDS}
    wrong = ""
    try:
        rows = filtered(rows, queries.FILTERS, {**given, "request_id": request.GET.get("request_id", "")})
    except BadParameter as error:
        wrong, rows = error.detail, rows.none()
    rows = searched(rows, queries.SEARCHED, request.GET.get("search", ""))
    shown = {
        "page": page_of(rows, request.GET.get("page")),
        "given": given,
        "wrong": wrong,
        "is_narrowed": any(given.values()) or bool(request.GET.get("search")),
    }
    return render_page(request, "audit/log.html", shown)
