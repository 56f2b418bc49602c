"""The freeze windows of an environment, edited as rows."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from services import commands
from services.models import Environment
from services.window_form import show_window_errors, windows_formset, windows_typed, zone_names
from web.errors import Conflict, Invalid, PreconditionFailed
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def freeze_windows(request: SignedInRequest, name: str) -> HttpResponse:
    """All windows on one page; a row that is left empty is none."""
    environment = get_object_or_404(Environment, name=name)
    formset = windows_formset(environment, request.POST or None)
    others: list[str] = []
    refused = False
    if request.method == "POST" and formset.is_valid():
        given = request.POST.get("version", "")
        environment.version = int(given) if given.isdigit() else environment.version
        try:
            windows = windows_typed(formset)
            return see_other(commands.edit_environment(request.user, environment, freeze_windows=windows))
        except (Invalid, Conflict, PreconditionFailed) as error:
            others, refused = show_window_errors(formset, error), True
    context = {
        "environment": environment,
        "formset": formset,
        "others": others,
        "zones": zone_names(),
        "why_not": why_not(request.user, "environment.edit", None),
    }
    is_wrong = refused or (request.method == "POST" and not formset.is_valid())
    return render_page(request, "services/freeze_windows.html", context, status=422 if is_wrong else 200)
