"""The list of releases."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import team_names
from accounts.queries import view_menu
from deployments.forms import STRATEGIES
from deployments.models import Release, Status
from deployments.queries import FILTERS, ORDERINGS, SEARCHED, release_list
from services.models import Environment
from web.columns import columns_of
from web.filters import filtered, ordering_of, searched
from web.fragments import render_page
from web.paging import page_of
from web.spreadsheet import csv_answer, wants_csv

PAGE_SIZE = 50
COLUMNS = {
    "status": _("Status"),
    "environment": _("Environment"),
    "asked_by": _("Asked by"),
    "started": _("Started"),
    "finished": _("Finished"),
}
CSV_HEADS = (
    *(_("Id"), _("Number"), _("Service"), _("Environment"), _("Cluster"), _("Namespace"), _("Version"), _("Status")),
    *(_("Reason"), _("Asked by"), _("Asked at"), _("Started"), _("Finished"), _("Note"), _("Commit")),
)
# Filters that are chosen elsewhere (the page of a service, of a cluster): kept while others change, shown as tags.
ELSEWHERE = ("service", "cluster", "created_by")


@require_safe
@signed_in
def releases(request: SignedInRequest) -> HttpResponseBase:
    """Releases the caller may see, newest first; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in (*FILTERS, "search")}
    rows = searched(filtered(release_list(request.user), FILTERS, given), SEARCHED, given["search"])
    order = ordering_of(request.GET.get("ordering", ""), ORDERINGS, ("-created_at",), unique="id")
    if wants_csv(request):
        return csv_answer("releases", CSV_HEADS, (_csv_row(row) for row in rows.order_by(*order).iterator(500)))
    columns = columns_of(request, "releases", COLUMNS)
    page = page_of(rows.order_by(*order), request.GET.get("page"), PAGE_SIZE)
    tools = {"columns": columns, "views": view_menu(request.user, "releases", request.GET)}
    return columns.remember(render_page(request, "deployments/releases.html", _context(request, page, given) | tools))


def _csv_row(row: Release) -> list[object]:
    target, by = row.target, row.created_by.username if row.created_by else ""
    where = [target.environment.name, target.cluster.name, target.namespace]
    return [
        *(str(row.pk), row.number, target.service.name, *where, row.label, row.status, row.reason),
        *(by, row.created_at, row.started_at, row.finished_at, row.note, row.commit),
    ]


def _context(request: SignedInRequest, page: Any, given: dict[str, str]) -> dict[str, Any]:
    return {
        "page": page,
        "given": given,
        "is_filtered": any(given.values()),
        "environments": list(Environment.objects.values_list("name", flat=True)),
        "teams": team_names(request.user),
        "statuses": Status.choices,
        "strategies": STRATEGIES[1:],
        "kept": {name: given[name] for name in ELSEWHERE if given[name]},
        "clear_url": reverse("deployments:releases"),
    }
