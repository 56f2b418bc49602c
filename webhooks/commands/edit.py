"""Edit a source of webhooks."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.commands.robots import require_keeper
from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from web.errors import Invalid
from web.etag import claim_version
from webhooks.commands.create import taken
from webhooks.facts import source_audit
from webhooks.models import WebhookSource
from webhooks.rules import checked_source


def edit_source(by: User, source: WebhookSource, /, *, robot: User | None = None, **fields: Any) -> WebhookSource:
    """Change the given fields; its name stays, as its address is known elsewhere.

    Whoever changes what a robot is let do holds what the robot holds. Raises NotPermitted, Invalid, PreconditionFailed.
    """
    require(by, "webhook_source.edit", source.team)
    robot = robot or source.robot
    if robot.robot_of_id != source.team_id:
        raise Invalid.at("/robot", "other_team", _("A source stays with the robots of its team."))
    require_keeper(by, robot)
    if fields.pop("name", source.name) != source.name:
        raise Invalid.at("/name", "fixed", _("A source keeps its name: its address is known elsewhere."))
    clean = checked_source(fields, source.team)
    before = source_audit(source)
    for name, value in {**clean, "robot": robot}.items():
        setattr(source, name, value)
    try:
        with atomic():
            claim_version(source)
            source.save()
            audit(by, "webhook_source.edit", source, before=before, after=source_audit(source), team=source.team.name)
    except IntegrityError as error:
        raise taken(source) from error
    return source
