"""Teams and their members."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership, Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_team, new_user

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def roles_of(user: User) -> list[str]:
    return sorted(Membership.objects.filter(user=user).values_list("role", flat=True))


def test_an_admin_creates_a_team(api: Api, admin: User) -> None:
    answer = api(admin).post("/teams/", {"name": "payments", "title": "Payments"})
    assert answer.status_code == 201
    assert answer["Location"] == "/api/v1/teams/payments/"
    assert answer.json()["people"] == 0
    assert Entry.objects.get(action="team.create").team == "payments"


def test_an_admin_creates_a_team_in_the_browser(web_client: Browser, admin: User) -> None:
    answer = web_client(admin).post("/settings/teams/", {"name": "payments", "title": "Payments"})
    assert (answer.status_code, answer["Location"]) == (303, "/settings/teams/payments/")


@pytest.mark.parametrize("name", ["Payments", "pay ments", "zahlung-ä", "-a", "a-", "a" * 64, "", "a\n"])
def test_a_name_that_is_no_dns_label_is_refused(api: Api, web_client: Browser, admin: User, name: str) -> None:
    answer = api(admin).post("/teams/", {"name": name})
    if name == "a\n":  # white space around a value is not part of it
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"
    page = web_client(admin).post("/settings/teams/", {"name": name, "title": "Kept"})
    assert page.status_code == 422
    assert 'value="Kept"' in page.content.decode()


def test_a_team_is_there_once(api: Api, admin: User) -> None:
    new_team("payments")
    assert api(admin).post("/teams/", {"name": "payments"}).status_code == 409


def test_an_edit_needs_the_version_that_was_read(api: Api, maintainer: User) -> None:
    caller = api(maintainer)
    read = caller.get("/teams/payments/")
    assert caller.patch("/teams/payments/", {"title": "One"}, headers={"If-Match": read["ETag"]}).status_code == 200
    late = caller.patch("/teams/payments/", {"title": "Two"}, headers={"If-Match": read["ETag"]})
    assert late.status_code == 412
    assert Team.objects.get().title == "One"


def test_a_maintainer_adds_and_removes_members(api: Api, maintainer: User) -> None:
    lin = new_user("lin")
    caller = api(maintainer)
    for role in ("developer", "approver", "approver"):
        assert caller.post("/teams/payments/members/", {"user": "LIN", "role": role}).status_code == 201
    assert roles_of(lin) == ["approver", "developer"]
    members = caller.get("/teams/payments/members/").json()
    assert (members["count"], members["results"][1]["user"]) == (3, "lin")
    assert caller.delete("/teams/payments/members/lin/?role=approver").status_code == 204
    assert roles_of(lin) == ["developer"]
    assert caller.delete("/teams/payments/members/lin/").status_code == 204
    assert caller.delete("/teams/payments/members/lin/").status_code == 404
    actions = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["team.add_member"] * 2 + ["team.remove_member"] * 2


def test_a_maintainer_does_the_same_in_the_browser(web_client: Browser, maintainer: User) -> None:
    lin = new_user("lin")
    browser = web_client(maintainer)
    assert browser.post("/settings/teams/payments/", {"user": "lin", "role": "viewer"}).status_code == 303
    assert "lin" in browser.get("/settings/teams/payments/").content.decode()
    assert roles_of(lin) == ["viewer"]
    browser.post("/settings/teams/payments/members/lin/remove/", {"role": "viewer"})
    assert roles_of(lin) == []
    assert browser.post("/settings/teams/payments/edit/", {"title": "Money"}).status_code == 303
    assert Team.objects.get(name="payments").title == "Money"


@pytest.mark.parametrize("role", ["viewer", "developer", "approver"])
def test_other_roles_may_not(api: Api, web_client: Browser, request: pytest.FixtureRequest, role: str) -> None:
    user: User = request.getfixturevalue(role)
    answer = api(user).post("/teams/payments/members/", {"user": user.username, "role": "maintainer"})
    assert answer.status_code == 403
    assert answer.json()["permission"] == "team.add_member"
    assert "maintainers of team payments" in answer.json()["granted_by"]
    assert api(user).delete(f"/teams/payments/members/{user.username}/").status_code == 403
    assert web_client(user).post("/settings/teams/payments/", {"user": "x", "role": "viewer"}).status_code == 403
    assert web_client(user).post("/settings/teams/payments/edit/", {"title": "x"}).status_code == 403
    assert roles_of(user) == [role]


def test_a_rank_outside_of_the_team_counts_for_nothing(
    api: Api, web_client: Browser, maintainer: User, stranger: User
) -> None:
    caller, browser = api(stranger), web_client(stranger)
    assert [team["name"] for team in caller.get("/teams/").json()["results"]] == ["strangers"]
    for path in ("/teams/payments/", "/teams/payments/members/"):
        assert caller.get(path).status_code == 404
    assert caller.post("/teams/payments/members/", {"user": "sam", "role": "viewer"}).status_code == 404
    assert caller.delete("/teams/payments/members/mia/").status_code == 404
    assert browser.get("/settings/teams/payments/").status_code == 404
    assert browser.post("/settings/teams/payments/members/mia/remove/", {"role": "maintainer"}).status_code == 404


def test_an_unknown_user_or_role_is_pointed_at(api: Api, web_client: Browser, maintainer: User) -> None:
    unknown = api(maintainer).post("/teams/payments/members/", {"user": "ghost", "role": "viewer"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/user")
    wrong = api(maintainer).post("/teams/payments/members/", {"user": "mia", "role": "king"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/role")
    page = web_client(maintainer).post("/settings/teams/payments/", {"user": "ghost", "role": "viewer"})
    assert page.status_code == 422
    assert "There is no user named ghost." in page.content.decode()


def test_lists_cost_the_same_however_long_they_are(
    api: Api, admin: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    caller = api(admin)
    for number in range(30):
        new_team(f"team-{number}")
    caller.get("/teams/")
    with django_assert_max_num_queries(4):
        assert len(caller.get("/teams/").json()["results"]) == 30
    with django_assert_max_num_queries(4):
        caller.get("/users/")
