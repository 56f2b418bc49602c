"""What a person holds: the roles of their memberships, where each counts, and what custom roles are made of.

Read once, and kept on the user instance, which lives for one request: an edit of a role or membership counts from the
next request on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import CustomRole, Membership, Role

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User

# In place of an environment's name: in any of them. No name of an environment can be this.
ANYWHERE = "*"


@dataclass(frozen=True)
class Held:
    """The roles of a person in one team, by environment: "" holds for all of them. `maintainers` are those who could
    give more: (environment, user name)."""

    team_name: str
    roles: dict[str, set[str]] = field(default_factory=dict)
    maintainers: list[tuple[str, str]] = field(default_factory=list)

    def at(self, environment: str) -> set[str]:
        """The roles that count in that environment; for "" only those that are not bound to one."""
        if environment == ANYWHERE:
            return set().union(*self.roles.values())
        return self.roles.get("", set()) | self.roles.get(environment, set())


@dataclass(frozen=True)
class Rights:
    """All that a person holds: by team, with what their custom roles are made of."""

    by_team: dict[UUID, Held]
    custom: dict[str, frozenset[str]]


def rights_of(user: User) -> Rights:
    """One query, and one more for who has a custom role."""
    kept: Rights | None = user.__dict__.get("_rights")
    if kept is None:
        by_team: dict[UUID, Held] = {}
        own = Q(user=user)
        granting = Q(role=Role.MAINTAINER, user__is_active=True)
        rows = Membership.objects.filter(own | granting, team__in=user.memberships.values("team"))
        columns = ("team_id", "team__name", "role", "environment", "user_id", "user__username")
        for team_id, name, role, environment, user_id, username in rows.order_by("user__username").values_list(
            *columns
        ):
            held = by_team.setdefault(team_id, Held(name))
            if user_id == user.pk:
                held.roles.setdefault(environment, set()).add(role)
            if role == Role.MAINTAINER:
                held.maintainers.append((environment, username))
        names = set().union(*(held.at(ANYWHERE) for held in by_team.values()))
        kept = Rights(by_team, made_of(names))
        user.__dict__["_rights"] = kept
    return kept


def forget_roles(user: User) -> None:
    """Read the roles anew at the next question: memberships or roles have changed."""
    user.__dict__.pop("_rights", None)


def made_of(roles: Iterable[str]) -> dict[str, frozenset[str]]:
    """The permissions of those roles that are custom ones. No query where there are none among them."""
    names = set(roles) - set(Role.values)
    if not names:
        return {}
    rows = CustomRole.objects.filter(name__in=names).order_by().values_list("name", "permissions")
    return {name: frozenset(permissions) for name, permissions in rows}
