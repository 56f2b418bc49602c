from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.permissions import require
from audit.record import audit
from services.errors import StillUsed
from services.facts import environment_facts
from services.models import Environment
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import User


def remove_environment(by: User, environment: Environment) -> None:
    """Remove a stage that nothing runs in.

    Raises NotPermitted, PreconditionFailed, StillUsed with the targets that are in it, the roles held for it, or the
    environments whose promotion gates lead to it.
    """
    require(by, "environment.remove", None)
    with atomic():
        claim_version(environment)
        inside = list(environment.targets.order_by("service__name").values_list("service__name", flat=True))
        if inside:
            raise StillUsed(
                _("“%(name)s” cannot be removed: %(count)d services have a target in it.")
                % {"name": environment.name, "count": len(inside)},
                blocked_by=[
                    {"kind": "target", "service": service, "environment": environment.name} for service in inside[:100]
                ],
                next=_("Remove these targets first."),
            )
        holders = Membership.objects.filter(environment=environment.name).select_related("user", "team")
        if held := list(holders.order_by("team__name", "user__username")[:100]):
            raise StillUsed(
                _(
                    "“%(name)s” cannot be removed: %(count)d people hold a role for it, which would count for another "
                    "environment of that name."
                )
                % {"name": environment.name, "count": len({one.user_id for one in held})},
                blocked_by=[
                    {"kind": "membership", "team": one.team.name, "user": one.user.username, "role": one.role}
                    for one in held
                ],
                next=_("Take these roles away first, under Settings, Teams."),
            )
        gated = [one.name for one in Environment.objects.filter(promotion__isnull=False) if _leads_to(one, environment)]
        if gated:
            raise StillUsed(
                _("“%(name)s” cannot be removed: images have to prove themselves in it before they go to %(gated)s.")
                % {"name": environment.name, "gated": ", ".join(gated)},
                blocked_by=[{"kind": "environment", "environment": name} for name in gated],
                next=_("Change the promotion gates of these environments first."),
            )
        audit(by, "environment.remove", environment, before=environment_facts(environment))
        environment.delete()


def _leads_to(gated: Environment, environment: Environment) -> bool:
    return (gated.promotion or {}).get("from") == environment.name
