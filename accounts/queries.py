"""What may be asked about people and teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Prefetch
from django.http import QueryDict

from accounts.models import Membership, Role, SavedView, Team, User
from accounts.permissions import team_names_as, why_not

if TYPE_CHECKING:
    from django.db.models import QuerySet


def maintained_team_names(user: User) -> list[str]:
    """The names of the teams in which a person is maintainer."""
    return team_names_as(user, Role.MAINTAINER)


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
    return ViewMenu(of, views, maintained_team_names(user))


def team_list(user: User) -> QuerySet[Team]:
    """Visible teams, each with `people`: how many persons belong to it."""
    return Team.objects.visible_to(user).annotate(people=Count("memberships__user", distinct=True)).order_by("name")


def team_with_members(user: User) -> QuerySet[Team]:
    """Visible teams with their memberships and people loaded."""
    members = Membership.objects.select_related("user").order_by("user__username", "role")
    return Team.objects.visible_to(user).prefetch_related(Prefetch("memberships", queryset=members))
