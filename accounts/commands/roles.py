"""Custom roles: sets of permissions that admins put together, and maintainers give to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import NameTaken, RoleInUse
from accounts.models import CustomRole, Membership, Role, User
from accounts.permissions import GRANTABLE, PERMISSIONS, require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid
from web.etag import claim_version
from web.problems import model_errors

MOST_LISTED = 100
# A voice is one: who may say yes may say no.
ONE_VOICE = {"release.approve", "release.reject"}

# Where else a role is named: each answers members of `blocked_by`. Filled by what gives roles in other ways.
uses_elsewhere: list[Callable[[str], list[dict[str, str]]]] = []


def create_role(by: User, name: str, permissions: Iterable[str], *, title: str = "") -> CustomRole:
    """Make a role of these permissions; reading is in every one. Raises NotPermitted, Invalid and NameTaken."""
    require(by, "role.create", None)
    role = CustomRole(name=name, title=title, permissions=_checked(permissions))
    _check(role)
    if name in {*Role.values, "admin"}:
        raise NameTaken(_("%(name)s is a built-in role.") % {"name": name})
    try:
        with transaction.atomic():
            role.save(force_insert=True)
            note_made(role.pk)
            audit(by, "role.create", role, after=role_facts(role))
    except IntegrityError:
        raise NameTaken(_("There is a role named %(name)s already.") % {"name": name}) from None
    return role


def edit_role(
    by: User, role: CustomRole, *, permissions: Iterable[str] | None = None, title: str | None = None
) -> CustomRole:
    """Change what a role is made of; it counts for all who hold it from their next request on.

    Raises NotPermitted, Invalid, PreconditionFailed.
    """
    require(by, "role.edit", None)
    before = role_facts(role)
    if permissions is not None:
        role.permissions = _checked(permissions)
    if title is not None:
        role.title = title
    _check(role)
    if (after := role_facts(role)) == before:
        return role
    with transaction.atomic():
        claim_version(role)
        role.save(update_fields=["title", "permissions"])
        audit(by, "role.edit", role, before=before, after=after)
    return role


def remove_role(by: User, role: CustomRole) -> None:
    """Forget a role that nobody holds. Raises NotPermitted, PreconditionFailed, and RoleInUse with who holds it."""
    require(by, "role.remove", None)
    with transaction.atomic():
        claim_version(role)
        used = _uses_of(role.name)
        if used:
            raise RoleInUse(
                _("The role %(name)s is held by people and cannot be removed.") % {"name": role.name},
                blocked_by=used,
                next=_("Take it from them first, under Settings, Teams."),
            )
        audit(by, "role.remove", role, before=role_facts(role))
        role.delete()


def role_facts(role: CustomRole) -> dict[str, Any]:
    """What the audit log keeps of a role."""
    return {"name": role.name, "title": role.title, "permissions": role.permissions}


def _uses_of(name: str) -> list[dict[str, str]]:
    held = Membership.objects.filter(role=name).order_by("team__name", "user__username")
    rows = held.values_list("team__name", "user__username", "environment")[:MOST_LISTED]
    members = [
        {"kind": "membership", "team": team, "user": user, "environment": environment}
        for team, user, environment in rows
    ]
    return members + [use for find in uses_elsewhere for use in find(name)]


def _checked(permissions: Iterable[str]) -> list[str]:
    """In the order of the table, each once. Raises Invalid for what there is not, or what no team's role can hold."""
    wanted = set(permissions)
    errors = [
        {"pointer": "/permissions", "code": "invalid_choice", "detail": _unfit(name)}
        for name in sorted(wanted - set(GRANTABLE))
        if not (name in PERMISSIONS and PERMISSIONS[name].is_reading)
    ]
    if len(wanted & ONE_VOICE) == 1:
        detail = _("release.approve and release.reject are one voice: give both or neither.")
        errors.append({"pointer": "/permissions", "code": "one_voice", "detail": detail})
    if errors:
        raise Invalid(_("This role cannot be stored as it is."), errors=errors)
    return [name for name in GRANTABLE if name in wanted]


def _unfit(name: str) -> str:
    if name in PERMISSIONS:
        return _("%(name)s is for admins; no role in a team can hold it.") % {"name": name}
    return _("There is no permission “%(name)s”.") % {"name": name[:100]}


def _check(role: CustomRole) -> None:
    try:
        role.clean_fields(exclude=["permissions"])
    except ValidationError as error:
        raise Invalid(_("This role cannot be stored as it is."), errors=model_errors(error)) from None
