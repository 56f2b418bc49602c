"""An analysis template as people and machines see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.utils.translation import gettext as _

from accounts.permissions import why_not
from deployments.analysis.built_in import DESCRIPTIONS
from deployments.errors import BuiltIn
from deployments.models import AnalysisTemplate

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def facts_of(row: AnalysisTemplate) -> dict[str, Any]:
    """The fields as the API takes and gives them, with the team's name or None."""
    fields = {name: value for name, value in row.spec.to_json().items() if name != "name"}
    return {
        "name": row.name,
        "team": row.team.name if row.team else None,
        "description": description_of(row),
        **fields,
    }


def description_of(row: AnalysisTemplate) -> str:
    """What it says, in one sentence; of a built-in one in the language of the reader."""
    return str(DESCRIPTIONS.get(row.name, "")) if row.built_in else row.description


def all_templates(user: User) -> QuerySet[AnalysisTemplate]:
    """The built-in ones, then those of everybody and of the user's teams, by name."""
    return AnalysisTemplate.objects.visible_to(user).select_related("team").order_by("-built_in", "name")


def template_named(user: User, name: str) -> AnalysisTemplate:
    """The template of that name. Raises Http404 when there is none, or none that the user may see."""
    row = all_templates(user).filter(name=name).first()
    if row is None:
        raise Http404
    return row


def refuse_built_in(row: AnalysisTemplate) -> None:
    """Raises BuiltIn for a template that comes with Slipway."""
    if row.built_in:
        raise BuiltIn(
            _("“%(name)s” is built in and stays as it is.") % {"name": row.name},
            next=_("Copy it under another name, and change the copy."),
        )


def why_not_edit(user: User, row: AnalysisTemplate) -> str:
    """Why the user may not edit or remove it; "" when they may."""
    if row.built_in:
        return _("Every Slipway has it as it is. Copy it under another name to change it.")
    return why_not(user, "analysis_template.edit", row.team)
