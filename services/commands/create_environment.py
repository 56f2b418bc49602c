"""Adding a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from services.errors import NameTaken
from services.facts import environment_facts
from services.models import Environment
from services.rules.environment import checked_environment
from services.rules.promotion import require_origin
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def create_environment(by: User | None, /, name: str, **fields: Any) -> Environment:
    """Add a stage; `fields` are those of services.rules.environment. `by` None is Slipway itself.

    Raises NotPermitted, Invalid with a pointer for each bad field, NameTaken.
    """
    if by is not None:
        require(by, "environment.create", None)
    clean = checked_environment({"name": name, **fields})
    require_teams(clean)
    require_origin(clean["name"], clean)
    try:
        with atomic():
            environment = Environment.objects.create(**clean)
            note_made(environment.pk)
            audit(by, "environment.create", environment, after=environment_facts(environment))
    except IntegrityError as error:
        detail = _("There is an environment “%(name)s” already.") % {"name": clean["name"]}
        raise NameTaken(
            detail,
            errors=[{"pointer": "/name", "code": "name_taken", "detail": detail}],
            next=_("Choose another name."),
        ) from error
    return environment


def require_teams(clean: dict[str, Any]) -> None:
    """Raises Invalid for each approval rule that names a team there is not: nobody could ever give that approval."""
    asked = [rule["team"] for rule in clean.get("approvals", [])]
    known = set(Team.objects.filter(name__in=asked).values_list("name", flat=True)) if asked else set()
    errors = [
        {
            "pointer": f"/approvals/{index}/team",
            "code": "unknown_team",
            "detail": _("There is no team “%(name)s”.") % {"name": team},
        }
        for index, team in enumerate(asked)
        if team not in known
    ]
    if errors:
        raise Invalid(errors[0]["detail"], errors=errors)
