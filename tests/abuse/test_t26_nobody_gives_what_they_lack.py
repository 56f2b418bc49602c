"""T26, T27: no edit of a role, token or person gives more than the editor has, and a right is exactly its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import CustomRole, Membership, Team, Token, User
from accounts.permissions import GRANTABLE, PERMISSIONS, SCOPES, may
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_role, new_team, new_user
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]


@pytest.mark.parametrize("role", ["viewer", "developer", "approver", "maintainer"])
def test_t26_only_a_maintainer_hands_out_roles(api: Api, payments: Team, role: str) -> None:
    editor, friend = member_of(payments, "developer"), new_user("friend")

    for who in (editor, friend):
        answer = api(editor).post("/teams/payments/members/", {"user": who.username, "role": role})
        assert answer.status_code == 403

    assert list(Membership.objects.values_list("user__username", "role")) == [(editor.username, "developer")]


def test_t26_a_maintainer_hands_out_roles_of_the_own_team_alone(api: Api, maintainer: User) -> None:
    new_team("strangers")

    answer = api(maintainer).post("/teams/strangers/members/", {"user": maintainer.username, "role": "maintainer"})

    assert answer.status_code == 404
    assert not Membership.objects.filter(team__name="strangers").exists()


@pytest.mark.parametrize("role", ["admin", "owner", "", "Maintainer", "maintainer ", "*"])
def test_t26_there_are_no_roles_but_the_four(api: Api, maintainer: User, developer: User, role: str) -> None:
    answer = api(maintainer).post("/teams/payments/members/", {"user": developer.username, "role": role})

    assert answer.status_code == 422


def test_t26_a_maintainer_for_one_environment_gives_roles_for_that_one_alone(api: Api, payments: Team) -> None:
    for name in ("dev", "prod"):
        new_environment(name)
    editor, friend = member_of(payments, "maintainer", environment="dev"), new_user("friend")
    caller, path = api(editor), "/teams/payments/members/"

    for wider in ({}, {"environment": "prod"}):
        for who in (editor, friend):
            answer = caller.post(path, {"user": who.username, "role": "maintainer", **wider})
            assert (answer.status_code, answer.json()["permission"]) == (403, "team.add_member")
    assert caller.post(path, {"user": "friend", "role": "developer", "environment": "dev"}).status_code == 201

    assert list(friend.memberships.values_list("role", "environment")) == [("developer", "dev")]


def test_t26_a_role_that_hands_out_roles_hands_out_no_more_than_it_holds(
    api: Api, web_client: Callable[[User], PageClient], payments: Team
) -> None:
    new_role("steward", "team.add_member", "release.abort")
    new_role("breaker", "release.abort")
    new_role("deployer", "release.start")
    editor, friend = member_of(payments, "steward"), new_user("friend")
    path = "/teams/payments/members/"

    for wider in ("maintainer", "developer", "approver", "deployer"):
        for who in (editor, friend):
            answer = api(editor).post(path, {"user": who.username, "role": wider})
            assert answer.status_code == 403
            assert "holds what you lack there" in answer.json()["detail"]
        page = web_client(editor).post("/settings/teams/payments/", {"user": "friend", "role": wider})
        assert page.status_code == 422
    for narrow in ("viewer", "breaker", "steward"):
        assert api(editor).post(path, {"user": "friend", "role": narrow}).status_code == 201

    assert sorted(friend.memberships.values_list("role", flat=True)) == ["breaker", "steward", "viewer"]


def test_t26_who_removes_for_one_environment_takes_nothing_elsewhere(api: Api, payments: Team, developer: User) -> None:
    editor = member_of(payments, "maintainer", environment="dev")
    member_of(payments, "viewer", developer, environment="dev")
    path = f"/teams/payments/members/{developer.username}/"

    assert api(editor).delete(path).status_code == 403
    assert api(editor).delete(f"{path}?role=developer").status_code == 403
    assert api(editor).delete(f"{path}?role=viewer&environment=dev").status_code == 204

    assert list(developer.memberships.values_list("role", "environment")) == [("developer", "")]


@pytest.mark.parametrize("who", ["maintainer", "developer"])
def test_t26_nobody_but_an_admin_changes_what_a_role_is_made_of(
    api: Api, payments: Team, request: pytest.FixtureRequest, who: str
) -> None:
    new_role("breaker", "release.abort")
    editor: User = request.getfixturevalue(who)
    member_of(payments, "breaker", editor)

    assert api(editor).patch("/roles/breaker/", {"permissions": ["release.start"]}).status_code == 403
    assert api(editor).post("/roles/", {"name": "all", "permissions": ["release.start"]}).status_code == 403

    assert CustomRole.objects.get().permissions == ["release.abort"]


def test_t26_nobody_makes_themselves_an_admin(api: Api, maintainer: User) -> None:
    answer = api(maintainer).patch(f"/users/{maintainer.username}/", {"is_admin": True})

    assert answer.status_code == 403
    assert not User.objects.get(pk=maintainer.pk).is_admin


def test_t26_a_token_makes_no_token_with_more_scopes(api: Api, admin: User) -> None:
    answer = api(admin, scopes=["read"]).post("/tokens/", {"name": "more", "scopes": ["admin"]})

    assert answer.status_code == 403
    assert not Token.objects.filter(name="more").exists()


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope not in ("admin", "services:write")])
def test_t27_a_scope_is_not_another_one_that_sounds_like_it(
    api: Api, maintainer: User, payments: Team, scope: str
) -> None:
    new_service("checkout", payments)
    caller = api(maintainer, scopes={"read", scope})
    etag = caller.get("/services/checkout/")["ETag"]

    answer = caller.patch("/services/checkout/", {"description": "mine"}, HTTP_IF_MATCH=etag)

    assert answer.status_code == 403


@pytest.mark.parametrize("permission", GRANTABLE)
def test_t27_a_role_of_one_permission_holds_exactly_that_one(payments: Team, permission: str) -> None:
    new_role("one", permission)
    holder = member_of(payments, "one")

    assert [name for name in PERMISSIONS if may(holder, name, payments)] == [
        name for name in PERMISSIONS if name == permission or PERMISSIONS[name].is_reading
    ]
    assert not any(may(holder, name, other) for other in (None, new_team()) for name in PERMISSIONS)


@pytest.mark.parametrize("held", ["release", "release.", "release.abor", "release.aborted", "Release.abort", "*", ""])
def test_t27_what_is_like_a_permission_is_none(payments: Team, held: str) -> None:
    new_role("odd", held)

    assert not any(may(member_of(payments, "odd"), name, payments) for name in GRANTABLE)


@pytest.mark.parametrize("environment", ["de", "dev2", "DEV", "dev ", "*"])
def test_t27_an_environment_is_not_another_one_that_sounds_like_it(payments: Team, environment: str) -> None:
    holder = member_of(payments, "maintainer", environment=environment)

    assert not any(may(holder, name, payments, "dev") for name in GRANTABLE)
    assert not any(may(holder, name, payments) for name in GRANTABLE)
