"""What each role may do, where, and what a refusal says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Membership, Role, Team, Token, User
from accounts.permissions import PERMISSIONS, forget_roles, may, may_in_any_team, require, why_not
from tests.factories.accounts import member_of, new_team, new_user
from web.errors import NotPermitted

pytestmark = pytest.mark.django_db

HOLDERS = {
    "service.view": {"viewer", "developer", "approver", "maintainer"},
    "service.edit": {"developer", "maintainer"},
    "service.import": {"maintainer"},
    "release.start": {"developer", "maintainer"},
    "release.abort": {"developer", "maintainer"},
    "release.rollback": {"developer", "maintainer"},
    "release.approve": {"approver", "maintainer"},
    "team.add_member": {"maintainer"},
    "cluster.register": set(),
    "user.create": set(),
    "grant.create": set(),
}


@pytest.mark.parametrize(("permission", "holders"), HOLDERS.items())
def test_roles_hold_what_the_contract_gives_them(permission: str, holders: set[str]) -> None:
    team = new_team()
    assert {role for role in Role.values if may(member_of(team, role), permission, team)} == holders


def test_a_role_counts_in_its_own_team_only() -> None:
    own, other = new_team(), new_team()
    user = member_of(own, "maintainer")
    assert may(user, "service.edit", own)
    assert not may(user, "service.edit", other)
    assert not may(user, "service.edit", None)
    assert may_in_any_team(user, "service.edit")
    assert not may_in_any_team(member_of(other, "viewer"), "service.edit")


def test_several_roles_add_up() -> None:
    team = new_team()
    user = member_of(team, "developer")
    member_of(team, "approver", user)
    assert may(user, "release.start", team)
    assert may(user, "release.approve", team)


def test_an_admin_may_everything_and_somebody_switched_off_nothing() -> None:
    team = new_team()
    assert all(may(new_user_once(is_admin=True), permission, team) for permission in PERMISSIONS)
    off = member_of(team, "maintainer", new_user(is_active=False))
    assert not any(may(off, permission, team) for permission in PERMISSIONS)


def new_user_once(*, is_admin: bool) -> User:
    return User(username="root", is_admin=is_admin)


def test_a_refusal_names_permission_team_and_who_can_grant_it() -> None:
    team = new_team("payments")
    with pytest.raises(NotPermitted) as refused:
        require(member_of(team, "viewer"), "release.start", team)
    assert refused.value.fields["permission"] == "release.start"
    assert refused.value.fields["team"] == "payments"
    assert "maintainers of team payments" in refused.value.fields["granted_by"]
    assert "developer, maintainer" in refused.value.detail


def test_why_not_is_empty_when_it_is_allowed() -> None:
    team = new_team("payments")
    assert why_not(member_of(team, "developer"), "release.start", team) == ""
    assert "release.start" in why_not(member_of(team, "viewer"), "release.start", team)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ([], {"service.view", "service.edit", "release.start", "release.approve"}),
        (["admin"], {"service.view", "service.edit", "release.start", "release.approve"}),
        (["read"], {"service.view"}),
        (["deploy"], {"service.view", "release.start"}),
        (["approve"], {"service.view", "release.approve"}),
        (["services:write", "deploy"], {"service.view", "service.edit", "release.start"}),
    ],
)
def test_scopes_narrow_a_token(scopes: list[str], allowed: set[str]) -> None:
    team = new_team()
    user = member_of(team, "maintainer")
    user.token = Token(name="ci", scopes=scopes)
    asked = {"service.view", "service.edit", "release.start", "release.approve"}
    assert {permission for permission in asked if may(user, permission, team)} == allowed


def test_a_scope_widens_nobody() -> None:
    team = new_team()
    user = member_of(team, "viewer")
    user.token = Token(name="ci", scopes=["deploy", "admin"])
    assert not may(user, "release.start", team)
    assert not may(user, "user.create", None)


def test_many_questions_cost_one_query(django_assert_num_queries: Callable[[int], object]) -> None:
    teams = [new_team() for _ in range(5)]
    user = member_of(teams[0], "developer")
    with django_assert_num_queries(1):
        for team in teams:
            for permission in PERMISSIONS:
                may(user, permission, team)


def test_roles_can_be_read_anew() -> None:
    team: Team = new_team()
    user = member_of(team, "viewer")
    assert not may(user, "release.start", team)
    Membership.objects.update(role="developer")
    forget_roles(user)
    assert may(user, "release.start", team)
