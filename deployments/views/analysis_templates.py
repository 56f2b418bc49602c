"""The pages of analysis templates: list, one with a trial, make, edit, remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import may_in_any_team, team_names, team_names_as, why_not
from deployments.analysis.described import all_templates, description_of, template_named, why_not_edit
from deployments.analysis.forms import AnalysisTemplateForm
from deployments.analysis.trying import Trial, try_template
from deployments.commands.create_analysis_template import create_analysis_template
from deployments.commands.edit_analysis_template import edit_analysis_template
from deployments.commands.remove_analysis_template import remove_analysis_template
from deployments.models import AnalysisTemplate
from services.lookups import team_named
from services.models import Target
from web.errors import Conflict, Invalid, PreconditionFailed
from web.forms import tell
from web.fragments import render_page, see_other


@require_safe
@signed_in
def analysis_templates(request: SignedInRequest) -> HttpResponse:
    """All that the person may see."""
    context = {
        "rows": [(row, description_of(row)) for row in all_templates(request.user)],
        "why_not_create": _why_not_create(request),
    }
    return render_page(request, "deployments/analysis_templates.html", context)


@require_safe
@signed_in
def analysis_template(request: SignedInRequest, name: str) -> HttpResponse:
    """One template, and with `?target=` what it would say of what runs there now."""
    row = template_named(request.user, name)
    targets = list(_targets(request, row))
    chosen = next((one for one in targets if str(one.pk) == request.GET.get("target", "")), None)
    trial: Trial | None = try_template(row.spec, chosen) if chosen else None
    context = {
        "template": row,
        "spec": row.spec,
        "description": description_of(row),
        "targets": targets,
        "chosen": chosen,
        "trial": trial,
        "copy_url": f"{reverse('deployments:analysis_template_create')}?{urlencode({'from': row.name})}",
        "why_not": why_not_edit(request.user, row),
        "why_not_create": _why_not_create(request),
    }
    return render_page(request, "deployments/analysis_template.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: SignedInRequest) -> HttpResponse:
    """The form of a new template, filled from another with `?from=`."""
    source = request.GET.get("from", "")
    initial = AnalysisTemplateForm.initial_of(template_named(request.user, source)) if source else {}
    mine = team_names(request.user) if request.user.is_admin else team_names_as(request.user, "maintainer")
    form = AnalysisTemplateForm(request.POST or None, initial=initial, teams=mine, for_all=request.user.is_admin)
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data["team"]
        try:
            owner = team_named(request.user, team) if team else None
            return see_other(create_analysis_template(request.user, owner, **form.fields_given()))
        except (Invalid, Conflict) as error:
            tell(form, error, {"parameters": "margin"})
    return _form(request, form, {"why_not": _why_not_create(request), "source": source})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of a template that exists."""
    row = template_named(request.user, name)
    form = AnalysisTemplateForm(request.POST or None, is_edit=True, initial=AnalysisTemplateForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        row.version = form.cleaned_data["version"] or row.version
        try:
            return see_other(edit_analysis_template(request.user, row, **form.fields_given()))
        except (Invalid, Conflict, PreconditionFailed) as error:
            tell(form, error, {"parameters": "margin"})
    return _form(request, form, {"template": row, "why_not": why_not_edit(request.user, row)})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Asks for the template's name, then removes it when no default strategy names it."""
    row = template_named(request.user, name)
    context: dict[str, Any] = {"template": row, "why_not": why_not_edit(request.user, row)}
    if request.method != "POST":
        return render_page(request, "deployments/analysis_template_remove.html", context)
    if request.POST.get("confirm") != row.name:
        context["wrong"] = _("Type the name of the template to confirm.")
        return render_page(request, "deployments/analysis_template_remove.html", context, status=422)
    remove_analysis_template(request.user, row)
    return see_other(reverse("deployments:analysis_templates"))


def _form(request: SignedInRequest, form: AnalysisTemplateForm, context: dict[str, Any]) -> HttpResponse:
    status = 422 if form.errors else 200
    return render_page(request, "deployments/analysis_template_form.html", {"form": form, **context}, status=status)


def _why_not_create(request: SignedInRequest) -> str:
    """Why the person may make none; "" where they may in some team."""
    if may_in_any_team(request.user, "analysis_template.create"):
        return ""
    return why_not(request.user, "analysis_template.create", None)


def _targets(request: SignedInRequest, row: AnalysisTemplate) -> Any:
    """Where the person may try it."""
    found = Target.objects.visible_to(request.user).select_related("service__team", "environment", "cluster")
    found = found.filter(service__team=row.team) if row.team else found
    return found.order_by("service__name", "environment__order")[:200]
