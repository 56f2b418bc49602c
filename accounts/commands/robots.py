"""Robots of a team: made, given roles and removed by its maintainers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.commands.teams import add_member
from accounts.errors import NameTaken
from accounts.models import Team, Token, User
from accounts.permissions import forget_roles, permissions_in, permissions_of, require, who_can_grant
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Conflict, Invalid, NotPermitted
from web.names import dns_label

# Rooms above that let a robot act say here what would stop: robot -> sentences.
USES: list[Callable[[User], list[str]]] = []


class RobotInUse(Conflict):
    """Something still acts as the robot; `used_by` says what."""

    code = "robot_in_use"


def username_of(team: Team, name: str) -> str:
    """`ci` of team payments is `ci@payments`: nobody takes it for a person, and no other team can have it."""
    return f"{name}@{team.name}"


def create_robot(by: User, team: Team, name: str, *, roles: Sequence[str]) -> User:
    """Make a robot of a team, or bring back one that was removed. A role is written `developer`, or `developer@dev`
    where it counts in one environment only.

    Nobody gives a robot what they lack. Raises NotPermitted, Invalid and NameTaken.
    """
    require(by, "robot.create", team)
    _check(name, roles)
    username = username_of(team, name)
    robot = User.objects.filter(username__iexact=username, robot_of=team, is_active=False).first()
    robot = robot or User(username=username, kind=User.Kind.ROBOT, robot_of=team)
    robot.is_active = True
    robot.set_unusable_password()
    try:
        with transaction.atomic():
            robot.save()
            note_made(robot.pk)
            audit(by, "robot.create", robot, team=team.name, after={"username": username, "roles": sorted(set(roles))})
            _give(by, team, robot, roles)
    except IntegrityError:
        raise NameTaken(_("Team %(team)s has a robot %(name)s already.") % {"team": team.name, "name": name}) from None
    return robot


def edit_robot(by: User, robot: User, *, roles: Sequence[str]) -> User:
    """Give a robot exactly these roles in its team. Raises NotPermitted and Invalid."""
    team = team_of(robot)
    require(by, "robot.edit", team)
    _check("robot", roles)
    with transaction.atomic():
        before = held_by(robot)
        if before == sorted(set(roles)):
            return robot
        for membership in robot.memberships.filter(team=team):
            if written(membership.role, membership.environment) not in roles:
                membership.delete()
        _give(by, team, robot, [role for role in roles if role not in before])
        after = {"roles": sorted(set(roles))}
        audit(by, "robot.edit", robot, team=team.name, before={"roles": before}, after=after)
    return robot


def remove_robot(by: User, robot: User) -> None:
    """Take a robot out of use: its tokens and roles end. What it did keeps its name.

    Raises NotPermitted, and RobotInUse while something is set up to act as it.
    """
    team = team_of(robot)
    require(by, "robot.remove", team)
    used_by = uses_of(robot)
    if used_by:
        raise RobotInUse(
            _("%(robot)s is still used by %(what)s.") % {"robot": robot.username, "what": ", ".join(used_by)},
            next=_("Remove these first, or let them act as another robot."),
            used_by=used_by,
        )
    with transaction.atomic():
        before = {"roles": held_by(robot)}
        Token.objects.filter(user=robot, revoked_at=None).update(revoked_at=timezone.now(), old_until=None)
        robot.memberships.all().delete()
        robot.is_active = False
        robot.save(update_fields=["is_active"])
        audit(by, "robot.remove", robot, team=team.name, before=before)
    forget_roles(robot)


def uses_of(robot: User) -> list[str]:
    """What is set up to act as the robot, in words."""
    own = [
        _("the CI identity %(name)s") % {"name": name} for name in robot.ci_identities.values_list("name", flat=True)
    ]
    return [*own, *(sentence for ask in USES for sentence in ask(robot))]


def require_keeper(by: User, robot: User) -> None:
    """Let pass who may let something act as the robot: who looks after its team, and holds all that the robot holds.

    Raises NotPermitted.
    """
    team = team_of(robot)
    require(by, "robot.edit", team)
    for role, environment in robot.memberships.filter(team=team).values_list("role", "environment"):
        lacking = sorted(permissions_of(role) - permissions_in(by, team, environment))
        if lacking:
            raise NotPermitted(
                _("%(robot)s has the role %(role)s, which holds what you lack: %(permissions)s.")
                % {"robot": robot.username, "role": written(role, environment), "permissions": ", ".join(lacking)},
                permission=lacking[0],
                granted_by=who_can_grant(by, team, environment),
                next=_("Ask who holds more, or take that role from the robot first."),
            )


def team_of(robot: User) -> Team:
    """The team of a robot. Raises Invalid for a person."""
    if robot.robot_of is None:
        raise Invalid(_("%(name)s is a person, not a robot.") % {"name": robot.username})
    return robot.robot_of


def held_by(robot: User) -> list[str]:
    """A robot's roles as they are written, sorted."""
    return sorted(written(role, place) for role, place in robot.memberships.values_list("role", "environment"))


def written(role: str, environment: str) -> str:
    """`developer`, or `developer@dev`."""
    return f"{role}@{environment}" if environment else role


def _give(by: User, team: Team, robot: User, roles: Iterable[str]) -> None:
    for one in roles:
        role, _at, environment = one.partition("@")
        add_member(by, team, robot, role, environment)
    forget_roles(robot)


def _check(name: str, roles: Sequence[str]) -> None:
    if not dns_label.regex.match(name):  # type: ignore[union-attr]
        raise Invalid.at("/name", "dns_label", str(dns_label.message))
    if not roles:
        raise Invalid.at("/roles", "required", _("Give the robot at least one role."))
