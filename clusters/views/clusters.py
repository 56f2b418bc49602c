"""The list of clusters."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from clusters.models import Cluster
from clusters.views.visible import why_not_each
from web.filters import searched
from web.fragments import render_page

PAGE_SIZE = 50
_ORDERINGS = {"name", "-name", "status", "-status", "environment", "-environment"}


@require_safe
@signed_in
def clusters(request: SignedInRequest) -> HttpResponse:
    """The clusters that the person may see, searched, filtered and ordered as the address says."""
    words, status = request.GET.get("search", "").strip(), request.GET.get("status", "")
    rows = searched(Cluster.objects.visible_to(request.user), ("name", "title", "api_url", "environment"), words)
    if status in Cluster.Status.values:
        rows = rows.filter(status=status)
    ordering = request.GET.get("ordering", "")
    rows = rows.order_by(ordering if ordering in _ORDERINGS else "name", "name").annotate(
        nodes=Count("observations", filter=Q(observations__kind="Node"))
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "statuses": Cluster.Status.choices,
        "status": status,
        "is_filtered": bool(words or status),
        "why_not": why_not_each(request.user),
    }
    return render_page(request, "clusters/clusters.html", context)
