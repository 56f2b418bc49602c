"""Making and editing an analysis template: as a form and as YAML, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import may_in_any_team, team_names, team_names_with, why_not
from deployments.analysis.described import facts_of, template_named, why_not_edit
from deployments.analysis.forms import AnalysisTemplateForm
from deployments.analysis.rules import FIELDS, checked_template
from deployments.analysis.template_yaml import DEFAULTS, as_yaml, from_yaml
from deployments.commands.create_analysis_template import create_analysis_template
from deployments.commands.edit_analysis_template import edit_analysis_template
from deployments.engine.json import Json
from deployments.models import AnalysisTemplate
from services.lookups import team_named
from web.errors import Conflict, Invalid, PreconditionFailed, SlipwayError
from web.forms import field_at, tell
from web.fragments import render_page, see_other

FIELDS_OF = {"parameters": "margin"}
Problem = tuple[str, str]


@dataclass(frozen=True)
class Subject:
    """Which template: what its form begins with, and how its fields are saved."""

    fields: Json
    initial: dict[str, Any]
    options: dict[str, Any]
    save: Callable[[Json], AnalysisTemplate]
    context: dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: SignedInRequest) -> HttpResponse:
    """A new template, filled from another with `?from=`."""
    name = request.GET.get("from", "")
    source = template_named(request.user, name) if name else None
    mine = (
        team_names(request.user) if request.user.is_admin else team_names_with(request.user, "analysis_template.create")
    )

    def save(fields: Json) -> AnalysisTemplate:
        team = fields.get("team")
        owner = team_named(request.user, str(team)) if team else None
        given = {name: value for name, value in fields.items() if name != "team"}
        return create_analysis_template(request.user, owner, **given)

    subject = Subject(
        fields=_definition(facts_of(source)) if source else {name: getattr(DEFAULTS, name) for name in FIELDS},
        initial=AnalysisTemplateForm.initial_of(source) if source else {},
        options={"teams": mine, "for_all": request.user.is_admin},
        save=save,
        context={"why_not": why_not_create(request), "source": name},
    )
    return _edited(request, subject)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """A template that exists."""
    row = template_named(request.user, name)

    def save(fields: Json) -> AnalysisTemplate:
        version = request.POST.get("version", "")
        row.version = int(version) if version.isdigit() else row.version
        if "team" in fields:
            raise Invalid.at("/team", "fixed", _("A template stays with its team; copy it for another."))
        return edit_analysis_template(request.user, row, **fields)

    subject = Subject(
        fields=_definition(facts_of(row)),
        initial=AnalysisTemplateForm.initial_of(row),
        options={"is_edit": True},
        save=save,
        context={"template": row, "why_not": why_not_edit(request.user, row)},
    )
    return _edited(request, subject)


def why_not_create(request: SignedInRequest) -> str:
    """Why the person may make none; "" where they may in some team."""
    if may_in_any_team(request.user, "analysis_template.create"):
        return ""
    return why_not(request.user, "analysis_template.create", None)


def _edited(request: SignedInRequest, subject: Subject) -> HttpResponse:
    """GET shows it. POST does what its button says: save the form, read the YAML into the form, save the YAML."""
    if request.method != "POST":
        form = AnalysisTemplateForm(initial=subject.initial, **subject.options)
        return _show(request, subject, form, as_yaml(subject.fields))
    if request.POST.get("do") in ("read", "save-yaml"):
        return _edited_as_yaml(request, subject, request.POST.get("yaml", ""))
    form = AnalysisTemplateForm(request.POST, **subject.options)
    if not form.is_valid():
        return _show(request, subject, form, request.POST.get("yaml", ""), status=422)
    fields = form.fields_given()
    try:
        return see_other(subject.save(fields | ({"team": form.cleaned_data["team"]} if "team" in form.fields else {})))
    except (Invalid, Conflict, PreconditionFailed) as error:
        tell(form, error, FIELDS_OF)
        return _show(request, subject, form, as_yaml(fields), status=422)


def _edited_as_yaml(request: SignedInRequest, subject: Subject, text: str) -> HttpResponse:
    try:
        fields = from_yaml(text)
    except ValueError as error:
        form = AnalysisTemplateForm(request.POST, **subject.options)
        return _show(request, subject, form, text, [("", str(error))], status=422)
    if "is_edit" not in subject.options:
        # A name and a team that the text leaves out are those beside it.
        fields = {"name": request.POST.get("name", ""), "team": request.POST.get("team", ""), **fields}
    form = AnalysisTemplateForm.filled(fields, request.POST.get("version", ""), **subject.options)
    try:
        if request.POST["do"] == "save-yaml":
            return see_other(subject.save(fields))
        checked_template({name: value for name, value in fields.items() if name != "team" and value != ""})
    except (Invalid, Conflict, PreconditionFailed) as error:
        problems = _problems_of(error)
        for pointer, words in problems:
            name = field_at(form, pointer, FIELDS_OF)
            if name and name not in form.errors:
                form.add_error(name, words)
        return _show(request, subject, form, text, problems, status=422)
    return _show(request, subject, form, text, status=422 if form.errors else 200)


def _problems_of(error: SlipwayError) -> list[Problem]:
    """The JSON pointer and a sentence for each problem."""
    found = error.fields.get("errors") or [{"pointer": "", "detail": error.detail}]
    return [(one["pointer"], " ".join(part for part in (one["detail"], error.next) if part)) for one in found]


def _definition(facts: Json) -> Json:
    """Without what cannot be changed later."""
    return {name: value for name, value in facts.items() if name not in ("name", "team")}


def _show(
    request: SignedInRequest,
    subject: Subject,
    form: AnalysisTemplateForm,
    text: str,
    yaml_errors: Sequence[Problem] = (),
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "yaml": text, "yaml_errors": yaml_errors, **subject.context}
    return render_page(request, "deployments/analysis_template_form.html", context, status=status)
