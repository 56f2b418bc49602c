from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from services.commands.create_environment import require_teams
from services.facts import environment_facts
from services.models import Environment
from services.rules.environment import checked_environment
from services.rules.promotion import require_origin
from web.errors import Invalid
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import User


def edit_environment(by: User, environment: Environment, /, **fields: Any) -> Environment:
    """Change the given fields of an environment.

    Raises NotPermitted, Invalid with a pointer for each bad field, PreconditionFailed when it was edited meanwhile.
    """
    require(by, "environment.edit", None)
    clean = checked_environment(fields)
    if clean.pop("name", environment.name) != environment.name:
        raise Invalid.at("/name", "fixed", _("An environment keeps its name: pipelines and releases refer to it."))
    require_teams(clean)
    require_origin(environment.name, clean)
    before = environment_facts(environment)
    for field, value in clean.items():
        setattr(environment, field, value)
    after = environment_facts(environment)
    if after != before:
        with atomic():
            claim_version(environment)
            environment.save()
            audit(by, "environment.edit", environment, before=before, after=after)
    return environment
