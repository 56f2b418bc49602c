"""The environments: list, one, create, edit, remove."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from services import commands
from services.forms import EnvironmentForm
from services.models import Environment, Target
from services.queries import environment_rows
from services.slots import slots_of_environment
from web.errors import Conflict, Invalid, PreconditionFailed
from web.forms import tell
from web.fragments import render_page, see_other

FIELDS_OF = {"from": "promotion_from"}


@require_safe
@signed_in
def environments(request: SignedInRequest) -> HttpResponse:
    """All environments in their order."""
    context = {
        "rows": environment_rows(request.user),
        "why_not_create": why_not(request.user, "environment.create", None),
    }
    return render_page(request, "services/environments.html", context)


@require_safe
@signed_in
def environment(request: SignedInRequest, name: str) -> HttpResponse:
    """One environment: its rules and how many services run in it."""
    shown = get_object_or_404(Environment, name=name)
    context = {
        "environment": shown,
        "targets": Target.objects.visible_to(request.user).filter(environment=shown).count(),
        "why_not": why_not(request.user, "environment.edit", None),
        "slots": slots_of_environment(request.user, shown),
    }
    return render_page(request, "services/environment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: SignedInRequest) -> HttpResponse:
    """The form of a new environment."""
    form = EnvironmentForm(request.POST or None, others=Environment.objects.values_list("name", flat=True))
    context = {"form": form, "why_not": why_not(request.user, "environment.create", None)}
    if request.method == "POST" and form.is_valid():
        try:
            return see_other(commands.create_environment(request.user, **form.fields_given()))
        except (Invalid, Conflict) as error:
            tell(form, error, FIELDS_OF)
    return render_page(request, "services/environment_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of an environment that exists."""
    environment = get_object_or_404(Environment, name=name)
    others = Environment.objects.exclude(pk=environment.pk).values_list("name", flat=True)
    first = EnvironmentForm.initial_of(environment)
    form = EnvironmentForm(request.POST or None, is_edit=True, initial=first, others=others)
    context = {
        "form": form,
        "environment": environment,
        "why_not": why_not(request.user, "environment.edit", None),
    }
    if request.method == "POST" and form.is_valid():
        environment.version = form.cleaned_data["version"] or environment.version
        try:
            return see_other(commands.edit_environment(request.user, environment, **form.fields_given()))
        except (Invalid, Conflict, PreconditionFailed) as error:
            tell(form, error, FIELDS_OF)
    return render_page(request, "services/environment_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Asks for the environment's name, then removes it when nothing runs in it."""
    environment = get_object_or_404(Environment, name=name)
    context = {"environment": environment, "why_not": why_not(request.user, "environment.remove", None)}
    if request.method != "POST":
        return render_page(request, "services/environment_remove.html", context)
    if request.POST.get("confirm") != environment.name:
        context["wrong"] = _("Type the name of the environment to confirm.")
        return render_page(request, "services/environment_remove.html", context, status=422)
    commands.remove_environment(request.user, environment)
    return see_other(reverse("environments"))
