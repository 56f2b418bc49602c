"""Create a source of webhooks."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.commands.robots import require_keeper, team_of
from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Conflict
from webhooks.facts import source_audit
from webhooks.models import WebhookSource
from webhooks.rules import checked_source
from webhooks.secrets import new_secret


class SourceNameTaken(Conflict):
    """There is a source of that name."""

    code = "name_taken"


def create_source(by: User, robot: User, /, **fields: Any) -> tuple[WebhookSource, str]:
    """Make a source that acts as a robot, and answer it with its secret, which is not told again.

    Raises NotPermitted, Invalid with a pointer for each bad field, SourceNameTaken.
    """
    team = team_of(robot)
    require(by, "webhook_source.create", team)
    require_keeper(by, robot)
    clean = checked_source({"name": "", "kind": "", **fields}, team)
    secret = new_secret()
    source = WebhookSource(team=team, robot=robot, secret={"now": secret}, **clean)
    try:
        with atomic():
            source.save(force_insert=True)
            note_made(source.pk)
            audit(by, "webhook_source.create", source, after=source_audit(source), team=team.name)
    except IntegrityError as error:
        raise taken(source) from error
    return source, secret


def taken(source: WebhookSource) -> SourceNameTaken:
    """The refusal of a name."""
    return SourceNameTaken(
        _("There is a source %(name)s already.") % {"name": source.name}, next=_("Choose another name.")
    )
