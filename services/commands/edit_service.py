from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from services.facts import service_facts
from services.live import announce
from services.models import Service
from services.rules.service import checked_service
from web.errors import Invalid
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import Team, User


def edit_service(by: User, service: Service, /, *, team: Team | None = None, **fields: Any) -> Service:
    """Change the given fields of a service; `team` hands it over, for which both teams have to allow it.

    Raises NotPermitted, Invalid with a pointer for each bad field, PreconditionFailed when it was edited meanwhile.
    """
    require(by, "service.edit", service.team, service=service.name)
    if team is not None and team != service.team:
        require(by, "service.edit", team, service=service.name)
    clean = checked_service(fields)
    if clean.pop("name", service.name) != service.name:
        raise Invalid.at("/name", "fixed", _("A service keeps its name: releases and other services refer to it."))
    if service.name in clean.get("depends_on", []):
        raise Invalid.at("/depends_on", "itself", _("A service cannot depend on itself."))
    before = service_facts(service)
    for field, value in clean.items():
        setattr(service, field, value)
    service.team = team or service.team
    after = service_facts(service)
    if after != before:
        with atomic():
            claim_version(service)
            service.save()
            audit(by, "service.edit", service, before=before, after=after, team=service.team.name)
            announce(service.name)
    return service
