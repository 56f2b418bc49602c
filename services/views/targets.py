"""Adding, editing and removing a target in the browser."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import ANYWHERE, why_not
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from services import commands
from services.models import Environment, Service, Target
from services.queries.choices import namespaces_for, workloads_for
from services.target_form import FIELD_OF_STEP, TargetForm
from services.views.services import visible_service
from web.errors import Conflict, Invalid, NotPermitted, PreconditionFailed
from web.forms import tell
from web.fragments import render_page, see_other

# What belongs beside the typed values; other errors are pages of their own.
SHOWN_IN_FORM = (Invalid, Conflict, PreconditionFailed, ClusterUnreachable, ApiRefused, NotPermitted)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of a new target: an existing workload, or one to be made."""
    service = visible_service(request, name)
    clusters = list(Cluster.objects.visible_to(request.user).values_list("name", flat=True))
    form = TargetForm(
        request.POST or None,
        environments=Environment.objects.exclude(targets__service=service),
        clusters=clusters,
        initial={"environment": request.GET.get("environment", ""), "workload": service.name},
    )
    context = {
        "form": form,
        "service": service,
        "has_clusters": bool(clusters),
        "namespaces": namespaces_for(request.user, service),
        "workloads": workloads_for(request.user, service),
        "why_not": why_not(request.user, "target.create", service.team, request.GET.get("environment") or ANYWHERE),
    }
    if request.method == "POST" and form.is_valid():
        try:
            commands.create_target(request.user, service, **form.fields_given())
            return see_other(service)
        except SHOWN_IN_FORM as error:
            tell(form, error, FIELD_OF_STEP)
    return render_page(request, "services/target_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str, environment: str) -> HttpResponse:
    """The form of a target that exists: what it points at stays."""
    service = visible_service(request, name)
    target = _target(service, environment)
    form = TargetForm(request.POST or None, is_edit=True, initial=TargetForm.initial_of(target))
    context = {
        "form": form,
        "service": service,
        "target": target,
        "why_not": why_not(request.user, "target.edit", service.team, environment),
        "why_not_remove": why_not(request.user, "target.remove", service.team, environment),
    }
    if request.method == "POST" and form.is_valid():
        target.version = form.cleaned_data["version"] or target.version
        try:
            commands.edit_target(request.user, target, **form.fields_given())
            return see_other(service)
        except SHOWN_IN_FORM as error:
            tell(form, error, FIELD_OF_STEP)
    return render_page(request, "services/target_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: SignedInRequest, name: str, environment: str) -> HttpResponse:
    """Asks for the environment's name, then forgets the target; the workload keeps running."""
    service = visible_service(request, name)
    target = _target(service, environment)
    context = {
        "service": service,
        "target": target,
        "why_not": why_not(request.user, "target.remove", service.team, environment),
    }
    if request.method != "POST":
        return render_page(request, "services/target_remove.html", context)
    if request.POST.get("confirm") != target.environment.name:
        context["wrong"] = _("Type the name of the environment to confirm.")
        return render_page(request, "services/target_remove.html", context, status=422)
    commands.remove_target(request.user, target)
    return see_other(service)


def _target(service: Service, environment: str) -> Target:
    """The service was found by visible_service, so its targets may be seen."""
    targets = Target.objects.filter(service=service).select_related("service__team", "environment", "cluster")
    return get_object_or_404(targets, environment__name=environment)
