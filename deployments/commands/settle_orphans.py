"""Settle what a release left that no row stands behind any more."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from deployments.commands.start import require_target_namespace
from deployments.errors import ReleaseBlocked
from deployments.models import Release
from deployments.orphans import clean, places_of
from deployments.queries.drift import orphans_of
from services.models import Target

CONTINUE, CLEAN = "continue", "clean"


def settle_orphans(target: Target, *, by: User, action: str) -> list[dict[str, str]]:
    """Give everything back; of a workload held in place `continue` keeps the new template, `clean` the old one.

    Answers what was given back; what the cluster refused is found again. Raises NotPermitted, and ReleaseBlocked while
    a release of the target runs: what it holds is no orphan, but the two would meet.
    """
    require(by, f"orphan.{action}", target.team, target.environment.name, service=target.service.name)
    require_target_namespace(by, target)
    if active := Release.objects.active().filter(target=target).first():
        raise ReleaseBlocked(
            _("Release #%(number)d of %(target)s is active.") % {"number": active.number, "target": target},
            blocked_by=[{"kind": "release", "id": str(active.pk), "status": active.status}],
            next=_("Wait for it, or abort it."),
        )
    return [
        done for place in places_of(orphans_of(target)) for done in clean(place, by=by, keeps_new=action == CONTINUE)
    ]
