"""The list of clusters."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.queries import view_menu
from clusters.models import Cluster, Observation
from clusters.views.visible import why_not_each
from web.columns import columns_of
from web.filters import searched
from web.fragments import render_page
from web.spreadsheet import csv_answer, wants_csv

PAGE_SIZE = 50
COLUMNS = {
    "status": _("Status"),
    "health": _("Health"),
    "version": _("Version"),
    "nodes": _("Nodes"),
    "environment": _("Environment"),
    "last_contact": _("Last contact"),
}
CSV_HEADS = (
    *(_("Cluster"), _("Title"), _("API server"), _("Environment")),
    *(_("Status"), _("Health"), _("Version"), _("Nodes"), _("Last contact")),
)
UNSHOWN = ("labels", "ca_data", "capabilities", "progress")
_ORDERINGS = {"name", "-name", "status", "-status", "environment", "-environment"}


@require_safe
@signed_in
def clusters(request: SignedInRequest) -> HttpResponseBase:
    """The clusters that the person may see, searched, filtered and ordered as the address says."""
    words, status = request.GET.get("search", "").strip(), request.GET.get("status", "")
    rows = searched(Cluster.objects.visible_to(request.user), ("name", "title", "api_url", "environment"), words)
    if status in Cluster.Status.values:
        rows = rows.filter(status=status)
    ordering = request.GET.get("ordering", "")
    rows = rows.order_by(ordering if ordering in _ORDERINGS else "name", "name").annotate(nodes=_node_count())
    if wants_csv(request):
        return csv_answer("clusters", CSV_HEADS, (_csv_row(row) for row in rows.iterator(500)))
    columns = columns_of(request, "clusters", COLUMNS)
    page = Paginator(rows.defer(*UNSHOWN), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "columns": columns,
        "views": view_menu(request.user, "clusters", request.GET),
        "statuses": Cluster.Status.choices,
        "status": status,
        "is_filtered": bool(words or status),
        "why_not": why_not_each(request.user),
    }
    return columns.remember(render_page(request, "clusters/clusters.html", context))


def _node_count() -> Coalesce:
    """Counted for the clusters that are shown alone: a join would read every Pod of every cluster."""
    nodes = Observation.objects.filter(cluster=OuterRef("pk"), kind="Node").order_by().values("cluster")
    return Coalesce(Subquery(nodes.annotate(count=Count("pk")).values("count")), 0)


def _csv_row(row: Cluster) -> list[object]:
    health = (row.health or {}).get("status", "unknown") if row.status == Cluster.Status.CONNECTED else "unknown"
    nodes: int = getattr(row, "nodes", 0)
    about = [row.name, row.title, row.api_url, row.environment]
    return [*about, row.status, health, row.kubernetes_version, nodes, row.last_seen_at]
