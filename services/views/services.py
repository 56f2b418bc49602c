"""The list of services, and the page of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import ANYWHERE, may_in_any_team, team_names, why_not
from accounts.queries import view_menu
from services.health import State
from services.models import Environment, Service
from services.queries import dependencies_of, dependents_of, listed, service_list, service_rows
from services.queries.export import CSV_HEADS, csv_rows
from services.rules.service import is_web_link
from services.slots import slots_of
from services.views.cursor import cursor_page
from web.columns import columns_of
from web.crumbs import Switch
from web.filters import ordering_of
from web.fragments import render_page
from web.spreadsheet import csv_answer, wants_csv
from web.states import look_of

FILTERS = ("search", "team", "environment", "lifecycle", "system", "tag", "health")
ORDERINGS = ("name", "lifecycle", "system", "created_at")
MOST_BESIDE = 20
COLUMNS = {"owner": _l("Owner"), "lifecycle": _l("Lifecycle"), "system": _l("System"), "runs_in": _l("Runs in")}


@require_safe
@signed_in
def services(request: SignedInRequest) -> HttpResponseBase:
    """Services the caller may see; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in FILTERS}
    rows = service_list(request.user, **given)
    if wants_csv(request):
        order = ordering_of(request.GET.get("ordering", ""), ORDERINGS, ("name",), unique="id")
        return csv_answer("services", CSV_HEADS, csv_rows(rows.order_by(*order)))
    page = cursor_page(request, rows.defer(*Service.UNLISTED), ordering=("name",), allowed=ORDERINGS)
    columns = columns_of(request, "services", COLUMNS)
    context = {
        "page": page,
        "columns": columns,
        "views": view_menu(request.user, "services", request.GET),
        "listed": listed(page.rows),
        "given": given,
        "is_filtered": any(given.values()),
        "teams": team_names(request.user),
        "environments": list(Environment.objects.values_list("name", flat=True)),
        "lifecycles": Service.Lifecycle.choices,
        "states": [(state.value, look_of(state).word) for state in State],
        # Chosen on other pages: kept while other filters change, shown as tags.
        "kept": {name: given[name] for name in ("system", "tag") if given[name]},
        "why_not_create": why_not_in_any_team(request, "service.create"),
        "why_not_import": why_not_in_any_team(request, "service.import"),
    }
    return columns.remember(render_page(request, "services/services.html", context))


@require_safe
@signed_in
def service(request: SignedInRequest, name: str) -> HttpResponse:
    """One service: where it runs and how it is there, what it depends on, and what upper rooms add."""
    return render_page(request, "services/service.html", page_of_service(request, visible_service(request, name)))


def visible_service(request: SignedInRequest, name: str) -> Service:
    """Raises Http404 for a service there is not, and in the same words for one the caller may not see."""
    return get_object_or_404(Service.objects.visible_to(request.user).select_related("team"), name=name)


def page_of_service(request: SignedInRequest, shown: Service) -> dict[str, Any]:
    """All that the service page shows."""
    rows = service_rows(shown)
    used = {row.environment.pk for row in rows}
    slots = slots_of(request.user, shown)
    return {
        "service": shown,
        "switch": _other_services(request, shown),
        "service_topic": f"service:{shown.name}",
        "rows": [
            {
                "row": row,
                "deploy_url": deploy_url(shown, row.environment.name),
                "why_not_deploy": why_not(request.user, "release.start", shown.team, row.environment.name),
            }
            for row in rows
        ],
        "deploy_url": deploy_url(shown),
        "unused": [
            (environment, why_not(request.user, "target.create", shown.team, environment.name))
            for environment in Environment.objects.all()
            if environment.pk not in used
        ],
        "as_of": min((row.as_of for row in rows if row.as_of), default=None),
        "links": [link for link in shown.links if is_web_link(link["url"])],
        "dependencies": dependencies_of(request.user, shown),
        "dependents": dependents_of(request.user, shown),
        "slots": [slot for slot in slots if not slot.stands_alone],
        "standing_slots": [slot for slot in slots if slot.stands_alone],
        "why_not": {
            **{
                action.replace(".", "_"): why_not(request.user, action, shown.team)
                for action in ("service.edit", "service.remove")
            },
            **{
                action.replace(".", "_"): why_not(request.user, action, shown.team, ANYWHERE)
                for action in ("target.create", "release.start")
            },
        },
    }


def _other_services(request: SignedInRequest, shown: Service) -> Switch:
    """To the services beside this one: of its system, else of its team."""
    beside = Service.objects.visible_to(request.user).filter(team=shown.team_id)
    if shown.system:
        beside = beside.filter(system=shown.system)
    names = beside.order_by("name").values_list("name", flat=True)[:MOST_BESIDE]
    choices = [(name, reverse("service", args=[name]), name == shown.name) for name in names]
    return Switch("", _("Another service of this team or system"), choices)


def deploy_url(shown: Service, environment: str = "") -> str:
    """The deploy form, of one environment when it is given; "" where releases are not installed."""
    try:
        form = reverse("deployments:deploy", args=[shown.name])
    except NoReverseMatch:
        return ""
    return f"{form}?{urlencode({'environment': environment})}" if environment else form


def why_not_in_any_team(request: SignedInRequest, permission: str) -> str:
    """Why no team lets the caller do it; "" when one does."""
    if may_in_any_team(request.user, permission):
        return ""
    return _("You lack %(permission)s in every team. A maintainer of a team, or an admin, can give you a role.") % {
        "permission": permission
    }
