"""Targets and what ran on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deployments.models import Revision
from services.models import Service, Target
from web.errors import Invalid, NotFound

if TYPE_CHECKING:
    from accounts.models import User


def targets_of(user: User, service: str) -> list[Target]:
    """The targets of a service in the order of their environments. Raises NotFound for an unknown or hidden service."""
    if not Service.objects.visible_to(user).filter(name=service).exists():
        raise NotFound(_("There is no service “%(name)s” that you may see.") % {"name": service})
    named = Target.objects.select_related("service__team", "environment", "cluster")
    return list(named.filter(service__name=service).order_by("environment__order", "environment__name"))


def target_of(user: User, service: str, environment: str) -> Target:
    """Where a service runs in an environment. Raises NotFound for the service, Invalid for the environment."""
    targets = targets_of(user, service)
    for target in targets:
        if target.environment.name == environment:
            return target
    known = ", ".join(target.environment.name for target in targets) or "-"
    raise Invalid.at(
        "/environment",
        "unknown_environment",
        _("Service “%(service)s” has no target in “%(environment)s”. It has: %(known)s.")
        % {"service": service, "environment": environment, "known": known},
    )


def revisions_of(target: Target) -> QuerySet[Revision]:
    """What ran on the target, newest first."""
    return Revision.objects.filter(target=target).select_related("release__created_by").order_by("-number")


def revision_of(target: Target, number: int) -> Revision | None:
    """One revision by its number."""
    return revisions_of(target).filter(number=number).first()
