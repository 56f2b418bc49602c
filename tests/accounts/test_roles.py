"""Custom roles: made of permissions by admins, given by maintainers as far as they hold them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import CustomRole, Team, User
from accounts.permissions import GRANTABLE, may, permissions_of
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_role, new_user
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
BREAKER = {"name": "breaker", "title": "Stops things", "permissions": ["release.abort", "release.rollback"]}


def test_an_admin_makes_edits_and_removes_one(api: Api, admin: User) -> None:
    caller = api(admin)
    made = caller.post("/roles/", BREAKER)
    assert (made.status_code, made["Location"]) == (201, "/api/v1/roles/breaker/")
    edited = caller.patch("/roles/breaker/", {"permissions": ["release.abort"]}, headers={"If-Match": made["ETag"]})
    assert edited.json()["permissions"] == ["release.abort"]
    late = caller.patch("/roles/breaker/", {"title": "x"}, headers={"If-Match": made["ETag"]})
    assert late.status_code == 412
    assert caller.delete("/roles/breaker/").status_code == 204
    entries = Entry.objects.order_by("id").values_list("action", "before", "after")
    assert [action for action, *_ in entries] == ["role.create", "role.edit", "role.remove"]
    assert entries[1][1]["permissions"] == ["release.abort", "release.rollback"]
    assert entries[1][2]["permissions"] == ["release.abort"]


def test_an_admin_does_the_same_in_the_browser(web_client: Browser, admin: User) -> None:
    browser = web_client(admin)
    assert browser.post("/settings/roles/new/", BREAKER).status_code == 303
    page = browser.get("/settings/roles/breaker/").content.decode()
    assert "Stops things" in page
    form = {"title": "", "permissions": ["release.abort"], "version": "1"}
    assert browser.post("/settings/roles/breaker/", form).status_code == 303
    assert browser.post("/settings/roles/breaker/", form | {"title": "late"}).status_code == 422
    assert CustomRole.objects.get().permissions == ["release.abort"]
    assert "breaker" in browser.get("/settings/roles/").content.decode()
    assert browser.post("/settings/roles/breaker/remove/").status_code == 303
    assert not CustomRole.objects.exists()


def test_it_holds_what_it_is_made_of_and_reading(payments: Team) -> None:
    new_role("breaker", "release.abort")
    holder = member_of(payments, "breaker")
    assert may(holder, "release.abort", payments)
    assert may(holder, "service.view", payments)
    held = {name for name in GRANTABLE if may(holder, name, payments)}
    assert held == {"release.abort"}


def test_it_adds_up_with_other_roles_and_holds_for_an_environment(payments: Team) -> None:
    new_role("breaker", "release.abort")
    holder = member_of(payments, "breaker", environment="prod")
    member_of(payments, "viewer", holder)
    assert may(holder, "release.abort", payments, "prod")
    assert not may(holder, "release.abort", payments, "dev")


def test_an_edit_counts_from_the_next_request_on(api: Api, admin: User, payments: Team) -> None:
    new_role("editor", "service.edit")
    new_service("checkout", payments)
    caller = api(member_of(payments, "editor"))
    assert caller.patch("/services/checkout/", {"title": "One"}).status_code == 200
    api(admin).patch("/roles/editor/", {"permissions": []})
    assert caller.patch("/services/checkout/", {"title": "Two"}).status_code == 403


def test_a_role_that_is_gone_holds_nothing(payments: Team) -> None:
    role = new_role("breaker", "release.abort")
    holder = member_of(payments, "breaker")
    CustomRole.objects.filter(pk=role.pk).delete()
    assert not may(holder, "release.abort", payments)
    assert may(holder, "service.view", payments)


@pytest.mark.parametrize("role", ["viewer", "developer", "approver", "maintainer"])
def test_other_roles_look_and_change_nothing(
    api: Api, web_client: Browser, request: pytest.FixtureRequest, role: str
) -> None:
    user: User = request.getfixturevalue(role)
    new_role("breaker", "release.abort")
    caller, browser = api(user), web_client(user)
    assert caller.get("/roles/").json()["results"][0]["name"] == "breaker"
    assert caller.post("/roles/", BREAKER | {"name": "mine"}).status_code == 403
    assert caller.patch("/roles/breaker/", {"permissions": []}).status_code == 403
    assert caller.delete("/roles/breaker/").status_code == 403
    page = browser.get("/settings/roles/breaker/").content.decode()
    assert "role.edit is for admins." in page
    assert browser.post("/settings/roles/breaker/", {"permissions": []}).status_code == 403
    assert browser.post("/settings/roles/new/", BREAKER | {"name": "mine"}).status_code == 403
    assert browser.post("/settings/roles/breaker/remove/").status_code == 403
    assert CustomRole.objects.get().permissions == ["release.abort"]


@pytest.mark.parametrize("name", ["viewer", "maintainer", "admin", "breaker", "Breaker", "", "a b", "-x", "x" * 64])
def test_a_name_is_a_label_that_nothing_else_has(api: Api, admin: User, name: str) -> None:
    new_role("breaker")
    answer = api(admin).post("/roles/", BREAKER | {"name": name})
    assert answer.status_code in {409, 422}
    assert CustomRole.objects.count() == 1


@pytest.mark.parametrize(
    "permissions", [["cluster.register"], ["user.edit"], ["role.edit"], ["release.*"], ["*"], ["release.approve"]]
)
def test_what_no_role_in_a_team_can_hold_is_refused(
    api: Api, web_client: Browser, admin: User, permissions: list[str]
) -> None:
    answer = api(admin).post("/roles/", BREAKER | {"permissions": permissions})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/permissions")
    page = web_client(admin).post("/settings/roles/new/", BREAKER | {"permissions": permissions})
    assert page.status_code == 422
    assert "Stops things" in page.content.decode()
    assert not CustomRole.objects.exists()


def test_one_that_is_held_is_not_removed(api: Api, web_client: Browser, admin: User, payments: Team) -> None:
    new_role("breaker", "release.abort")
    member_of(payments, "breaker", new_user("lin"), environment="prod")
    refused = api(admin).delete("/roles/breaker/")
    assert refused.status_code == 409 and refused.json()["type"].endswith("role_in_use")
    assert refused.json()["blocked_by"] == [
        {"kind": "membership", "team": "payments", "user": "lin", "environment": "prod"}
    ]
    web_client(admin).post("/settings/roles/breaker/remove/")
    assert CustomRole.objects.exists()


def test_a_maintainer_gives_it_to_a_member(api: Api, maintainer: User, payments: Team) -> None:
    new_role("breaker", "release.abort")
    new_environment("prod")
    lin = new_user("lin")
    body = {"user": "lin", "role": "breaker", "environment": "prod"}
    assert api(maintainer).post("/teams/payments/members/", body).status_code == 201
    assert may(lin, "release.abort", payments, "prod")


def test_the_matrix_tells_who_holds_what(api: Api, web_client: Browser, viewer: User) -> None:
    new_role("breaker", "release.abort")
    rows = {row["permission"]: row for row in api(viewer).get("/permissions/").json()}
    assert rows["release.abort"]["roles"] == ["developer", "maintainer", "breaker"]
    assert rows["release.view"]["roles"] == ["viewer", "developer", "approver", "maintainer", "breaker"]
    assert rows["cluster.register"] == {
        "permission": "cluster.register",
        "roles": [],
        "scopes": ["clusters:write"],
    }
    assert "release.abort" in web_client(viewer).get("/settings/roles/").content.decode()


def test_a_new_one_begins_with_what_another_is_made_of(web_client: Browser, admin: User) -> None:
    page = web_client(admin).get("/settings/roles/new/?from=approver").content.decode()
    chosen = re.findall(r'value="([a-z_.]+)"[^>]* checked', page)
    assert chosen == [name for name in GRANTABLE if name in permissions_of("approver")]
    assert {"release.approve", "release.reject", "release.override"} <= set(chosen)
