"""T26, T27: no edit of a role, token or person gives more than the editor has, and a right is exactly its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Membership, Team, Token, User
from accounts.permissions import SCOPES
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.services import new_service

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
