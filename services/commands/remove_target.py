from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from services.errors import StillUsed
from services.facts import target_facts
from services.live import announce
from services.models import Target
from services.removal import what_blocks_removal
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import User


def remove_target(by: User, target: Target) -> None:
    """Forget where a service runs in an environment. The workload keeps running: the cluster is not written to.

    Raises NotPermitted, PreconditionFailed, StillUsed while a release of it is under way.
    """
    require(by, "target.remove", target.team, target.environment.name, service=target.service.name)
    with atomic():
        claim_version(target)
        blocked_by = what_blocks_removal(target)
        if blocked_by:
            raise StillUsed(
                _("The target of %(service)s in %(environment)s cannot be removed while a release of it is under way.")
                % {"service": target.service.name, "environment": target.environment.name},
                blocked_by=blocked_by,
                next=_("Wait for the release or abort it."),
            )
        audit(by, "target.remove", target, before=target_facts(target), team=target.team.name)
        announce(target.service.name)
        target.delete()
