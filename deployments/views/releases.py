"""The list of releases."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import teams_of
from deployments.models import Status
from deployments.queries import FILTERS, ORDERINGS, SEARCHED, release_list
from services.models import Environment
from web.filters import filtered, ordering_of, searched
from web.fragments import render_page
from web.paging import page_of

PAGE_SIZE = 50
# Filters that are chosen elsewhere (the page of a service, of a cluster): kept while others change, shown as tags.
ELSEWHERE = ("service", "cluster", "created_by")


@require_safe
@signed_in
def releases(request: SignedInRequest) -> HttpResponse:
    """Releases the caller may see, newest first; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in (*FILTERS, "search")}
    rows = searched(filtered(release_list(request.user), FILTERS, given), SEARCHED, given["search"])
    order = ordering_of(request.GET.get("ordering", ""), ORDERINGS, ("-created_at",), unique="id")
    page = page_of(rows.order_by(*order), request.GET.get("page"), PAGE_SIZE)
    return render_page(request, "deployments/releases.html", _context(request, page, given))


def _context(request: SignedInRequest, page: Any, given: dict[str, str]) -> dict[str, Any]:
    return {
        "page": page,
        "given": given,
        "is_filtered": any(given.values()),
        "environments": list(Environment.objects.values_list("name", flat=True)),
        "teams": list(teams_of(request.user).values_list("name", flat=True)),
        "statuses": Status.choices,
        "kept": {name: given[name] for name in ELSEWHERE if given[name]},
        "clear_url": reverse("deployments:releases"),
    }
