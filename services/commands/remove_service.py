from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from services.errors import StillUsed
from services.facts import service_facts, target_facts
from services.live import announce
from services.models import Service
from services.removal import what_blocks_removal
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import User


def remove_service(by: User, service: Service) -> None:
    """Take a service and its targets out of the catalog. Its workloads keep running: no cluster is written to.

    Raises NotPermitted, PreconditionFailed, StillUsed while a release of it is under way.
    """
    require(by, "service.remove", service.team, service=service.name)
    with atomic():
        claim_version(service)
        targets = list(service.targets.select_related("service", "environment", "cluster"))
        blocked_by = [blocker for target in targets for blocker in what_blocks_removal(target)]
        if blocked_by:
            raise StillUsed(
                _("“%(name)s” cannot be removed while a release of it is under way.") % {"name": service.name},
                blocked_by=blocked_by,
                next=_("Wait for the release or abort it."),
            )
        before = {**service_facts(service), "targets": [target_facts(target) for target in targets]}
        audit(by, "service.remove", service, before=before, team=service.team.name)
        announce(service.name)
        service.delete()
