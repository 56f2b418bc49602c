"""Removing an analysis template."""

from __future__ import annotations

from typing import Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.analysis.described import facts_of, refuse_built_in
from deployments.models import AnalysisTemplate
from services.errors import StillUsed
from services.models import Environment, Target
from web.etag import claim_version
from web.live import publish


def remove_analysis_template(by: User, template: AnalysisTemplate) -> None:
    """Remove a template that no stored strategy names; releases under way keep their copy.

    Raises NotPermitted, BuiltIn, PreconditionFailed, and StillUsed with the targets and environments that name it.
    """
    require(by, "analysis_template.remove", template.team)
    refuse_built_in(template)
    with atomic():
        claim_version(template)
        users = _users_of(template.name)
        if users:
            raise StillUsed(
                _("“%(name)s” cannot be removed: %(count)d strategies name it.")
                % {"name": template.name, "count": len(users)},
                blocked_by=users[:100],
                next=_("Take it out of these strategies first."),
            )
        team = template.team.name if template.team else ""
        audit(by, "analysis_template.remove", template, before=facts_of(template), team=team)
        template.delete()
        publish("analysis_templates")


def _users_of(name: str) -> list[dict[str, Any]]:
    """Where a default strategy names the template; strategies are few and their JSON is searched here."""
    targets = Target.objects.exclude(strategy=None).select_related("service", "environment")
    found: list[dict[str, Any]] = [
        {"kind": "target", "service": one.service.name, "environment": one.environment.name}
        for one in targets
        if _names(one.strategy, name)
    ]
    environments = Environment.objects.exclude(strategy=None)
    return found + [{"kind": "environment", "name": one.name} for one in environments if _names(one.strategy, name)]


def _names(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        templates = value.get("templates")
        return (isinstance(templates, list) and name in templates) or any(_names(one, name) for one in value.values())
    return isinstance(value, list) and any(_names(one, name) for one in value)
