"""The list of installs."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest
from installs.models import Install, InstallHost
from installs.views.reach import for_admins
from installs.wizard import installs_on_their_way
from web.filters import filtered, ordering_of, searched
from web.fragments import render_page
from web.paging import page_of


@require_safe
@for_admins
def installs(request: SignedInRequest) -> HttpResponse:
    """All installs; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in ("status", "search")}
    machines = Count("hosts", filter=~Q(hosts__role=InstallHost.Role.JUMP))
    rows = filtered(installs_on_their_way(request.user).annotate(host_count=machines), {"status": "status"}, given)
    if given["search"]:
        # By subqueries: a join with the hosts would count only those that match.
        by_host = searched(InstallHost.objects.all(), ("name", "address"), given["search"]).values("install")
        by_name = searched(Install.objects.all(), ("name",), given["search"]).values("pk")
        rows = rows.filter(Q(pk__in=by_name) | Q(pk__in=by_host))
    order = ordering_of(
        request.GET.get("ordering", ""), ("name", "status", "created_at"), ("-created_at",), unique="id"
    )
    context = {
        "page": page_of(rows.order_by(*order), request.GET.get("page")),
        "given": given,
        "statuses": Install.Status.choices,
        "is_filtered": any(given.values()),
        "clear_url": reverse("installs:installs"),
    }
    return render_page(request, "installs/installs.html", context)
