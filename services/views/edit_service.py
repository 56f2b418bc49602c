"""Creating, editing and removing a service in the browser."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.models import Team
from accounts.permissions import team_ids_with, why_not
from services import commands
from services.forms import ServiceForm
from services.lookups import team_named
from services.views.services import visible_service, why_not_in_any_team
from web.errors import Conflict, Invalid, PreconditionFailed
from web.forms import tell
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: SignedInRequest) -> HttpResponse:
    """The form of a new service; what is wrong comes back beside what was typed."""
    teams = _teams_with(request, "service.create")
    form = ServiceForm(request.POST or None, teams=teams)
    if request.method == "POST" and form.is_valid():
        try:
            team = team_named(request.user, form.cleaned_data["team"])
            return see_other(commands.create_service(request.user, team, **form.fields_given()))
        except (Invalid, Conflict) as error:
            tell(form, error)
    context = {"form": form, "why_not": why_not_in_any_team(request, "service.create")}
    return render_page(request, "services/service_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of a service that exists."""
    service = visible_service(request, name)
    teams = list(dict.fromkeys([service.team, *_teams_with(request, "service.edit")]))
    form = ServiceForm(request.POST or None, teams=teams, is_edit=True, initial=ServiceForm.initial_of(service))
    context = {"form": form, "service": service, "why_not": why_not(request.user, "service.edit", service.team)}
    if request.method == "POST" and form.is_valid():
        # The version that was read with the form: a save over somebody else's edit is refused.
        service.version = form.cleaned_data["version"] or service.version
        try:
            team = team_named(request.user, form.cleaned_data["team"])
            return see_other(commands.edit_service(request.user, service, team=team, **form.fields_given()))
        except (Invalid, Conflict, PreconditionFailed) as error:
            tell(form, error)
    return render_page(request, "services/service_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Asks for the service's name, then removes it from the catalog."""
    service = visible_service(request, name)
    context = {
        "service": service,
        "targets": list(service.targets.select_related("environment", "cluster")),
        "why_not": why_not(request.user, "service.remove", service.team),
    }
    if request.method != "POST":
        return render_page(request, "services/service_remove.html", context)
    if request.POST.get("confirm") != service.name:
        context["wrong"] = _("Type the name of the service to confirm.")
        return render_page(request, "services/service_remove.html", context, status=422)
    commands.remove_service(request.user, service)
    return see_other(reverse("services"))


def _teams_with(request: SignedInRequest, permission: str) -> list[Team]:
    if request.user.is_admin:
        return list(Team.objects.all())
    return list(Team.objects.filter(pk__in=team_ids_with(request.user, permission)))
