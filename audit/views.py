"""The page of the audit log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required
from django.utils.translation import gettext_lazy as _

from accounts.queries import audited_team_names, view_menu
from audit import queries
from audit.export import line_of
from web.columns import columns_of
from web.errors import BadParameter
from web.filters import filtered, searched
from web.fragments import render_page
from web.json_lines import JsonLines, lines_of
from web.paging import page_of
from web.spreadsheet import csv_answer, wants_csv

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from audit.models import Entry

COLUMNS = {"who": _("Who"), "what": _("Did what"), "thing": _("To what"), "team": _("Team"), "details": _("Details")}
CSV_HEADS = (
    *(_("When"), _("Who"), _("By token"), _("Did what"), _("Kind"), _("To what"), _("Id"), _("Team")),
    *(_("Before"), _("After"), _("Details"), _("Request"), _("In the chain"), _("For"), _("Way"), _("Address")),
)
FIELDS = ("actor", "action", "object", "team", "since", "until", "token", "address", "on_behalf_of", "request_id")
# These stand behind "More": most questions are asked without them.
RARE = ("until", "token", "address", "on_behalf_of", "request_id")


@login_required
def log(request: HttpRequest) -> HttpResponseBase:
    """The entries that the caller may read, narrowed by the form above them."""
    user = cast("Any", request.user)
    rows = queries.entries(user.pk, is_admin=user.is_admin, teams=audited_team_names(user))
    given = {name: request.GET.get(name, "").strip() for name in FIELDS}
    wrong = ""
    try:
        rows = filtered(rows, queries.FILTERS, given)
    except BadParameter as error:
        wrong, rows = error.detail, rows.none()
    rows = searched(rows, queries.SEARCHED, request.GET.get("search", ""))
    if wants_csv(request) and not wrong:
        return csv_answer("audit", CSV_HEADS, (_csv_row(row) for row in rows.iterator(500)))
    if request.GET.get("format") == "jsonl" and not wrong:
        return JsonLines("audit", lines_of(rows, line_of))
    columns = columns_of(request, "audit", COLUMNS)
    shown = {
        "columns": columns,
        "views": view_menu(user, "audit", request.GET),
        "page": page_of(rows, request.GET.get("page")),
        "given": given,
        "wrong": wrong,
        "is_narrowed": any(given.values()) or bool(request.GET.get("search")),
        "asks_more": any(given[name] for name in RARE),
        "lines_url": _lines_url(request),
        "verification": queries.last_verification() if user.is_admin else None,
    }
    return columns.remember(render_page(request, "audit/log.html", shown))


def _lines_url(request: HttpRequest) -> str:
    """The same question, answered as lines of JSON."""
    asked = request.GET.copy()
    for name in ("page", "cursor", "fragment"):
        asked.pop(name, None)
    asked["format"] = "jsonl"
    return f"?{asked.urlencode()}"


def _csv_row(row: Entry) -> list[object]:
    changes = [
        json.dumps(part, ensure_ascii=False, sort_keys=True) if part else ""
        for part in (row.before, row.after, row.data)
    ]
    thing = [row.object_type, row.object_name, row.object_id, row.team]
    whence = [row.on_behalf_of, row.way, row.address]
    return [row.at, row.actor, row.token_name, row.action, *thing, *changes, row.request_id, row.number, *whence]
