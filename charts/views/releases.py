"""The list of Helm releases, and one release with its operation, history and buttons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from charts.errors import StorageUnreadable
from charts.models import HelmOperation, HelmRelease
from charts.places import why_not_in_place
from charts.queries import history_of, operations_of, release_rows
from charts.storage import PENDING
from clusters.errors import ApiRefused, ClusterUnreachable
from web.errors import SlipwayError
from web.filters import filtered, ordering_of, searched
from web.fragments import render_page
from web.paging import page_of

FILTERS = {"cluster": "cluster__name", "namespace": "namespace", "status": "status"}
VERBS = ("upgrade", "rollback", "uninstall", "recover")
SHOWN_LINES, SHOWN_OPERATIONS = 400, 10


@require_safe
@signed_in
def releases(request: SignedInRequest) -> HttpResponse:
    """The releases that the caller may see; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in (*FILTERS, "search")}
    rows = release_rows(request.user)
    rows = searched(filtered(rows, FILTERS, given), ("name", "chart", "namespace"), given["search"])
    if not given["status"]:
        rows = rows.exclude(status="uninstalled")
    order = ordering_of(request.GET.get("ordering", ""), ("name", "status", "deployed_at"), ("name",), unique="id")
    context = {
        "page": page_of(rows.order_by(*order), request.GET.get("page")),
        "given": given,
        "is_filtered": any(given.values()),
        "clear_url": reverse("charts:releases"),
    }
    return render_page(request, "charts/releases.html", context)


@require_safe
@signed_in
def release(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One release. Its history is asked of the cluster; where that does not answer, the page says so."""
    found = get_object_or_404(release_rows(request.user), pk=pk)
    operations = list(operations_of(request.user).filter(release=found)[:SHOWN_OPERATIONS])
    wants_history = request.GET.get("fragment", "") in {"", "history"}
    history, trouble = _history(found) if wants_history else ([], None)
    context = {
        "release": found,
        "topic": f"helm_release:{found.pk}",
        "operation": operations[0] if operations else None,
        "lines": _lines(operations),
        "operations": operations,
        "history": history,
        "trouble": trouble,
        "is_pending": found.status in PENDING and not getattr(found, "running", None),
        **{f"why_not_{verb}": why_not(request, found, verb) for verb in VERBS},
    }
    return render_page(request, "charts/release.html", context)


def why_not(request: SignedInRequest, found: HelmRelease, verb: str) -> str:
    """Why the button of a verb is not for this person, "" when it is."""
    return why_not_in_place(request.user, f"helm_release.{verb}", found.cluster, found.namespace)


def _history(found: HelmRelease) -> tuple[list[dict[str, Any]], SlipwayError | None]:
    if found.is_gone:
        return [], None
    try:
        return history_of(found), None
    except (ClusterUnreachable, ApiRefused, StorageUnreadable) as error:
        return [], error


def _lines(operations: list[HelmOperation]) -> list[Any]:
    return list(operations[0].lines.order_by("-number")[:SHOWN_LINES])[::-1] if operations else []
