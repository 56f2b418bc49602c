"""Which CI jobs may act as a robot: set up by the maintainers of its team, and by admins."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.commands.robots import require_keeper, team_of
from accounts.errors import NameTaken
from accounts.exchange.rules import checked_identity, robot_named, with_defaults
from accounts.models import CiIdentity, User
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid
from web.etag import claim_version


def create_ci_identity(by: User, robot: User, /, **fields: Any) -> CiIdentity:
    """Let the jobs that match act as a robot. Nobody lets one act as a robot that holds more than they do.

    Raises NotPermitted, Invalid with a pointer for each bad field, NameTaken.
    """
    team = team_of(robot)
    require(by, "ci_identity.create", team)
    require_keeper(by, robot)
    provider = str(fields.get("provider", ""))
    clean = checked_identity(with_defaults(fields), provider)
    _require_private(by, clean)
    identity = CiIdentity(team=team, robot=robot, **clean)
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
            note_made(identity.pk)
            audit(by, "ci_identity.create", identity, team=team.name, after=facts(identity))
    except IntegrityError:
        raise _taken(identity) from None
    return identity


def edit_ci_identity(by: User, identity: CiIdentity, /, **fields: Any) -> CiIdentity:
    """Change the given fields; `robot` is another robot of the same team.

    Raises NotPermitted, Invalid, NameTaken, PreconditionFailed.
    """
    require(by, "ci_identity.edit", identity.team)
    robot = robot_named(by, fields.pop("robot")) if "robot" in fields else identity.robot
    if robot.robot_of_id != identity.team_id:
        raise Invalid.at("/robot", "other_team", _("A CI identity stays with the robots of its team."))
    require_keeper(by, robot)
    if fields.pop("provider", identity.provider) != identity.provider:
        raise Invalid.at("/provider", "fixed", _("A CI identity keeps its provider: make another one."))
    if identity.allow_private_address:
        # Whoever may not allow private addresses may not turn an identity that has them to another one.
        _require_private(by, {"allow_private_address": "issuer" in fields and fields["issuer"] != identity.issuer})
        fields = {"allow_private_address": True, **fields}
    else:
        _require_private(by, fields)
    clean = checked_identity(fields, identity.provider)
    before = facts(identity)
    for name, value in {**clean, "robot": robot}.items():
        setattr(identity, name, value)
    try:
        with transaction.atomic():
            claim_version(identity)
            identity.save()
            audit(by, "ci_identity.edit", identity, team=identity.team.name, before=before, after=facts(identity))
    except IntegrityError:
        raise _taken(identity) from None
    return identity


def remove_ci_identity(by: User, identity: CiIdentity) -> None:
    """No job is let in by it any more; tokens that were given out end by themselves within a quarter of an hour.

    Raises NotPermitted, PreconditionFailed.
    """
    require(by, "ci_identity.remove", identity.team)
    with transaction.atomic():
        claim_version(identity)
        audit(by, "ci_identity.remove", identity, team=identity.team.name, before=facts(identity))
        identity.delete()


def facts(identity: CiIdentity) -> dict[str, Any]:
    """What is told of it: all but times. None of it is secret."""
    names = ("name", "provider", "issuer", "audience", "claims", "scopes", "services", "environments")
    more = ("lifetime_seconds", "order", "is_active", "allow_private_address")
    return {"robot": identity.robot.username, **{name: getattr(identity, name) for name in (*names, *more)}}


def _require_private(by: User, fields: dict[str, Any]) -> None:
    """Raises NotPermitted where a private address is allowed by somebody who is no admin."""
    if fields.get("allow_private_address"):
        require(by, "ci_identity.create", None)


def _taken(identity: CiIdentity) -> NameTaken:
    return NameTaken(_("There is a CI identity %(name)s already.") % {"name": identity.name})
