"""What may be asked about people and teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Prefetch, Q
from django.http import QueryDict
from django.utils import timezone

from accounts.models import CustomRole, Membership, Role, SavedView, Team, Token, User
from accounts.permissions import (
    GRANTABLE,
    PERMISSIONS,
    permissions_of,
    team_ids_with,
    team_names_with,
    why_not,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

ENDING_WITHIN = timedelta(days=7)


def audited_team_names(user: User) -> list[str]:
    """The names of the teams whose audit entries a person may read."""
    return team_names_with(user, "audit.view")


@dataclass(frozen=True)
class ViewMenu:
    """The saved views of one list as its menu shows them; `teams` are those that the person may share one with."""

    of: str
    views: list[dict[str, Any]]
    teams: list[str]


def view_menu(user: User, of: str, given: QueryDict) -> ViewMenu:
    """The menu of the list `of`; the view whose query is `given` is marked as current. One query, and the roles."""
    here = given.copy()
    for name in ("page", "cursor", "fragment"):
        here.pop(name, None)
    rows = SavedView.objects.visible_to(user).filter(of=of).select_related("team", "owner")
    views = [
        {
            "id": view.pk,
            "name": view.name,
            "url": view.url,
            "team": view.team.name if view.team else "",
            "is_current": bool(view.query) and sorted(QueryDict(view.query).lists()) == sorted(here.lists()),
            "why_not_remove": why_not(user, "view.remove", view.team) if view.team else "",
        }
        for view in rows
    ]
    return ViewMenu(of, views, team_names_with(user, "view.share"))


def team_list(user: User) -> QuerySet[Team]:
    """Visible teams, each with `people`: how many persons belong to it."""
    return (
        Team.objects.visible_to(user)
        .annotate(people=Count("memberships__user", filter=Q(memberships__user__robot_of=None), distinct=True))
        .order_by("name")
    )


def robots_of(team: Team) -> QuerySet[User]:
    """The robots of a team that are in use, with their roles and `last_used_at` of their tokens. Two queries."""
    used = Max("tokens__last_used_at")
    robots = User.objects.filter(robot_of=team, is_active=True).select_related("robot_of")
    return robots.prefetch_related("memberships").annotate(last_used_at=used).order_by("username")


def robots_kept_by(user: User, team: Team | None = None) -> QuerySet[User]:
    """The robots in use of the teams that a person looks after, or of one of these teams."""
    robots = User.objects.filter(kind=User.Kind.ROBOT, is_active=True).select_related("robot_of").order_by("username")
    if not user.is_admin:
        robots = robots.filter(robot_of__in=team_ids_with(user, "robot.edit"))
    return robots.filter(robot_of=team) if team else robots


def tokens_of(user: User) -> QuerySet[Token]:
    """The tokens of one person or robot, newest first."""
    return Token.objects.filter(user=user).order_by("-created_at", "id")


def ending_soon(user: User) -> QuerySet[Token]:
    """The tokens made by hand that end within a week, of those that the user looks after."""
    soon = timezone.now() + ENDING_WITHIN
    return (
        Token.objects.visible_to(user)
        .usable()
        .filter(way=Token.Way.MADE, expires_at__lt=soon)
        .filter(Q(user=user) | Q(user__robot_of__isnull=False))
        .select_related("user__robot_of")
        .order_by("expires_at")
    )


def team_with_members(user: User) -> QuerySet[Team]:
    """Visible teams with their memberships and people loaded."""
    members = (
        Membership.objects.filter(user__robot_of=None)
        .select_related("user", "identity__provider")
        .order_by("user__username", "role", "environment")
    )
    return Team.objects.visible_to(user).prefetch_related(Prefetch("memberships", queryset=members))


def role_choices() -> list[tuple[str, str]]:
    """Every role that can be given, with its label: the four, then the custom ones by name."""
    custom = CustomRole.objects.order_by("name").values_list("name", "title")
    return [
        *((str(value), str(label)) for value, label in Role.choices),
        *((name, title or name) for name, title in custom),
    ]


def robot_role_choices(held: Iterable[str] = ()) -> list[tuple[str, str]]:
    """What a robot can be given, and what it has for one environment: as `role` or `role@environment`."""
    return [*role_choices(), *((one, one) for one in held if "@" in one)]


@dataclass(frozen=True)
class MatrixRow:
    """One permission, and for each role whether it holds it."""

    permission: str
    holds: list[bool]


@dataclass(frozen=True)
class Matrix:
    """Permissions by roles: the four, then custom ones. `groups` are the rows by what the permission is about."""

    roles: list[str]
    groups: list[tuple[str, list[MatrixRow]]]


def role_matrix(custom: list[CustomRole]) -> Matrix:
    """What each role holds in a team. What only admins hold is in no row."""
    made = {role.name: frozenset(role.permissions) for role in custom}
    groups: dict[str, list[MatrixRow]] = {}
    for name in GRANTABLE:
        holds = [role in PERMISSIONS[name].roles for role in Role.values] + [name in held for held in made.values()]
        groups.setdefault(name.partition(".")[0], []).append(MatrixRow(name, holds))
    return Matrix([*Role.values, *made], list(groups.items()))


def permissions_to_choose(role: str) -> list[str]:
    """What a role is made of that a custom one can be made of, too."""
    held = permissions_of(role)
    return [name for name in GRANTABLE if name in held]


def holders_of(user: User, role: str) -> QuerySet[Membership]:
    """Who holds the role, as far as the caller may know: everybody for an admin, else in one's own teams."""
    held = Membership.objects.filter(role=role, team__in=Team.objects.visible_to(user))
    return held.select_related("user", "team").order_by("team__name", "user__username", "environment")


def permission_list(custom: list[CustomRole]) -> list[dict[str, Any]]:
    """Every permission with the roles that hold it and the scopes that reach it."""
    made = {role.name: frozenset(role.permissions) for role in custom}
    return [
        {
            "permission": name,
            "roles": [
                *(role for role in Role.values if role in one.roles),
                *(role for role, held in made.items() if one.is_reading or name in held),
            ],
            "scopes": sorted(one.scopes),
        }
        for name, one in PERMISSIONS.items()
    ]
