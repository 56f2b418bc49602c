"""The pages of analysis templates: list, one with a trial, remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest, signed_in
from deployments.analysis.described import all_templates, description_of, template_named, why_not_edit
from deployments.analysis.trying import Trial, try_template
from deployments.commands.remove_analysis_template import remove_analysis_template
from deployments.models import AnalysisTemplate
from deployments.views.analysis_template_form import why_not_create
from services.models import Target
from web.fragments import render_page, see_other


@require_safe
@signed_in
def analysis_templates(request: SignedInRequest) -> HttpResponse:
    """All that the person may see."""
    context = {
        "rows": [(row, description_of(row)) for row in all_templates(request.user)],
        "why_not_create": why_not_create(request),
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
        "why_not_create": why_not_create(request),
    }
    return render_page(request, "deployments/analysis_template.html", context)


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


def _targets(request: SignedInRequest, row: AnalysisTemplate) -> Any:
    """Where the person may try it."""
    found = Target.objects.visible_to(request.user).select_related("service__team", "environment", "cluster")
    found = found.filter(service__team=row.team) if row.team else found
    return found.order_by("service__name", "environment__order")[:200]
