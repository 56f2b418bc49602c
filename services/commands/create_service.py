"""Putting a service into the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from services.errors import NameTaken
from services.facts import service_facts
from services.live import announce
from services.models import Service
from services.rules.service import checked_service

if TYPE_CHECKING:
    from accounts.models import Team, User


def create_service(by: User, team: Team, /, name: str, **fields: Any) -> Service:
    """Put a service into the catalog; `fields` are those of services.rules.service.

    Raises NotPermitted, Invalid with a pointer for each bad field, NameTaken.
    """
    require(by, "service.create", team)
    clean = checked_service({"name": name, **fields})
    try:
        with atomic():
            service = Service.objects.create(team=team, **clean)
            note_made(service.pk)
            audit(by, "service.create", service, after=service_facts(service), team=team.name)
            announce(service.name)
    except IntegrityError as error:
        raise name_taken(clean["name"]) from error
    return service


def name_taken(name: str) -> NameTaken:
    """Says nothing of who has the name: it may be a team that the caller must not know of."""
    detail = _("There is a service “%(name)s” already.") % {"name": name}
    return NameTaken(
        detail,
        errors=[{"pointer": "/name", "code": "name_taken", "detail": detail}],
        next=_("Choose another name; names are shared by all teams."),
    )
