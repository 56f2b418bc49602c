"""Making an analysis template."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.permissions import require
from audit.record import audit
from deployments.analysis.described import facts_of
from deployments.analysis.rules import checked_template
from deployments.models import AnalysisTemplate
from durable.idempotency import note_made
from services.errors import NameTaken
from web.live import publish


def create_analysis_template(by: User, team: Team | None, /, **fields: Any) -> AnalysisTemplate:
    """Make a template of a team, or for everybody (`team` None: admins only); fields as `analysis.rules` has them.

    Raises NotPermitted, Invalid with a pointer for each bad field, NameTaken.
    """
    require(by, "analysis_template.create", team)
    clean = checked_template({"name": "", **fields})
    try:
        with atomic():
            template = AnalysisTemplate.objects.create(team=team, **clean)
            note_made(template.pk)
            audit(
                by,
                "analysis_template.create",
                template,
                after=facts_of(template),
                team=team.name if team else "",
            )
            publish("analysis_templates")
    except IntegrityError as error:
        raise _taken(clean["name"]) from error
    return template


def _taken(name: str) -> NameTaken:
    """Says nothing of who has the name: it may be a team that the caller must not know of."""
    detail = _("There is an analysis template “%(name)s” already.") % {"name": name}
    return NameTaken(
        detail,
        errors=[{"pointer": "/name", "code": "name_taken", "detail": detail}],
        next=_("Choose another name; names are shared by all teams."),
    )
