"""What may be asked about people and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch

from accounts.models import Membership, Role, Team, User

if TYPE_CHECKING:
    from django.db.models import QuerySet


def maintained_team_names(user: User) -> list[str]:
    """The names of the teams in which a person is maintainer."""
    held = Membership.objects.filter(user=user, role=Role.MAINTAINER)
    return list(held.order_by("team__name").values_list("team__name", flat=True))


def team_list(user: User) -> QuerySet[Team]:
    """Visible teams, each with `people`: how many persons belong to it."""
    return Team.objects.visible_to(user).annotate(people=Count("memberships__user", distinct=True)).order_by("name")


def team_with_members(user: User) -> QuerySet[Team]:
    """Visible teams with their memberships and people loaded."""
    members = Membership.objects.select_related("user").order_by("user__username", "role")
    return Team.objects.visible_to(user).prefetch_related(Prefetch("memberships", queryset=members))
