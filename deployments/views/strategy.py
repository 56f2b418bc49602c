"""The default strategy of a target and of an environment: as a form and as YAML, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from deployments.analysis.built_in import TEMPLATES
from deployments.engine.json import Json
from deployments.models import AnalysisTemplate
from deployments.strategy_form import StrategyEditor
from deployments.strategy_words import strategy_findings
from deployments.strategy_yaml import as_yaml, from_yaml
from services import commands
from services.models import Environment, Service, Target
from web.errors import Invalid, PreconditionFailed
from web.fragments import render_page, see_other


@dataclass(frozen=True)
class Subject:
    """Whose default it is: how it is saved, and where one goes afterwards."""

    strategy: Json | None
    version: int
    save: Callable[[Json | None], Any]
    back_url: str
    why_not: str
    context: dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def target(request: SignedInRequest, service: str, environment: str) -> HttpResponse:
    """The default of a service in one environment."""
    targets = Target.objects.visible_to(request.user).select_related("service__team", "environment", "cluster")
    found = get_object_or_404(targets, service__name=service, environment__name=environment)

    def save(strategy: Json | None) -> Any:
        return commands.edit_target(request.user, found, strategy=strategy)

    context: dict[str, Any] = {"target": found, "service": found.service, "environment": found.environment}
    context["inherited"] = found.environment.strategy
    forbidden = why_not(request.user, "target.edit", found.team, found.environment.name)
    back = found.service.get_absolute_url()
    return _edit(request, found, Subject(found.strategy, found.version, save, back, forbidden, context))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def environment(request: SignedInRequest, name: str) -> HttpResponse:
    """The default of all that is released to an environment and says nothing of its own."""
    found = get_object_or_404(Environment, name=name)

    def save(strategy: Json | None) -> Any:
        return commands.edit_environment(request.user, found, strategy=strategy)

    forbidden = why_not(request.user, "environment.edit", None)
    back = reverse("environment", args=[found.name])
    return _edit(request, found, Subject(found.strategy, found.version, save, back, forbidden, {"environment": found}))


def _edit(request: SignedInRequest, row: Target | Environment, subject: Subject) -> HttpResponse:
    """GET shows it. POST does what its button says: change a row, read the YAML into the form, save either."""
    if request.method != "POST":
        return _show(request, subject, StrategyEditor.of(subject.strategy), as_yaml(subject.strategy))
    do = request.POST.get("do", "save")
    text = request.POST.get("yaml", "")
    editor, wanted = StrategyEditor.typed(request.POST), None
    if do in ("read", "save-yaml"):
        try:
            wanted = from_yaml(text)
        except ValueError as error:
            return _show(request, subject, editor, text, yaml_errors=[("", str(error))], status=422)
        editor = StrategyEditor.of(wanted)
    elif do == "save":
        wanted = editor.to_json()
    else:
        editor.change(do)
        return _show(request, subject, editor, as_yaml(editor.to_json()))
    if do == "read":
        found = strategy_findings(wanted) if wanted else []
        editor.put(found)
        return _show(request, subject, editor, text, yaml_errors=found, status=422 if found else 200)
    try:
        version = request.POST.get("version", "")
        row.version = int(version) if version.isdigit() else row.version
        subject.save(wanted)
        return see_other(subject.back_url)
    except Invalid as error:
        problems = [(one["pointer"].removeprefix("/strategy"), one["detail"]) for one in error.errors]
        editor.put(problems)
        is_yaml = do == "save-yaml"
        shown = text if is_yaml else as_yaml(wanted)
        return _show(request, subject, editor, shown, yaml_errors=problems if is_yaml else [], status=422)
    except PreconditionFailed as error:
        editor.errors.append(" ".join(filter(None, [str(error.detail), str(error.next)])))
        return _show(request, subject, editor, text, status=error.status)


def _show(
    request: SignedInRequest,
    subject: Subject,
    editor: StrategyEditor,
    text: str,
    yaml_errors: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **subject.context,
        "editor": editor,
        "form": editor.form,
        "yaml": text,
        "yaml_errors": yaml_errors or [],
        "kind": editor.form["type"].value() or "",
        "version": subject.version,
        "back_url": subject.back_url,
        "why_not": subject.why_not,
        "templates": _templates(subject.context.get("service")),
    }
    return render_page(request, "deployments/strategy.html", context, status=status)


def _templates(service: Service | None) -> list[str]:
    """Names to choose from: the built-in ones, and those of everybody and of the service's team."""
    own = AnalysisTemplate.objects.usable_by(service.team) if service else AnalysisTemplate.objects.filter(team=None)
    return sorted({*TEMPLATES, *own.values_list("name", flat=True)})
