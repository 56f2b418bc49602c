"""Changing an analysis template. Releases under way keep the one that they started with."""

from __future__ import annotations

from typing import Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.analysis.described import facts_of, refuse_built_in
from deployments.analysis.rules import checked_template
from deployments.models import AnalysisTemplate
from web.errors import Invalid
from web.etag import claim_version
from web.live import publish


def edit_analysis_template(by: User, template: AnalysisTemplate, /, **fields: Any) -> AnalysisTemplate:
    """Change the given fields.

    Raises NotPermitted, BuiltIn, Invalid with a pointer for each bad field, PreconditionFailed.
    """
    require(by, "analysis_template.edit", template.team)
    refuse_built_in(template)
    before = facts_of(template)
    if fields.pop("name", template.name) != template.name:
        raise Invalid.at("/name", "fixed", _("A template keeps its name: strategies refer to it."))
    kept = {name: value for name, value in before.items() if name not in ("team", "name")}
    clean = checked_template({**kept, **fields, "name": template.name})
    template.description, template.definition = clean["description"], clean["definition"]
    after = facts_of(template)
    if after != before:
        with atomic():
            claim_version(template)
            template.save()
            team = template.team.name if template.team else ""
            audit(by, "analysis_template.edit", template, before=before, after=after, team=team)
            publish("analysis_templates")
    return template
