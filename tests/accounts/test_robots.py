"""Robots of a team: made by its maintainers, never more than they are, never signed in, never a voice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory

from accounts.api_auth import user_for_session
from accounts.models import CiIdentity, Membership, Team, Token, User
from audit.models import Entry
from deployments.eligible import judges_of
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_robot, new_user

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
ROBOTS = "/teams/payments/robots/"


def test_a_maintainer_makes_one_with_a_token_that_works(api: Api, maintainer: User) -> None:
    caller = api(maintainer)
    made = caller.post(ROBOTS, {"name": "ci", "roles": ["developer"]})
    assert (made.status_code, made.json()["username"], made.json()["roles"]) == (201, "ci@payments", ["developer"])
    assert made["Location"] == "/api/v1/teams/payments/robots/ci/"
    token = caller.post(f"{ROBOTS}ci/tokens/", {"name": "pipeline", "scopes": ["deploy"]}).json()
    robot = ApiClient()
    robot.credentials(HTTP_AUTHORIZATION=f"Bearer {token['token']}")
    me = robot.get("/me/").json()
    assert (me["username"], me["kind"], me["teams"]) == ("ci@payments", "robot", {"payments": ["developer"]})
    entry = Entry.objects.get(action="robot.create")
    assert (entry.actor, entry.object_name, entry.team) == ("mia", "ci@payments", "payments")


def test_its_tokens_are_kept_by_the_maintainers_and_no_one_else(
    api: Api, maintainer: User, developer: User, stranger: User, payments: Team
) -> None:
    new_robot(payments)
    made = api(maintainer).post(f"{ROBOTS}ci/tokens/", {"name": "pipeline"}).json()
    second = member_of(payments, "maintainer", new_user("max"))
    for path in (f"/tokens/{made['id']}/", f"/tokens/{made['id']}/rotate/"):
        for other in (developer, stranger):
            method = api(other).post if path.endswith("rotate/") else api(other).delete
            assert method(path).status_code == 404
    assert api(developer).post(f"{ROBOTS}ci/tokens/", {"name": "mine"}).status_code == 403
    assert api(stranger).post(f"{ROBOTS}ci/tokens/", {"name": "mine"}).status_code == 404
    assert api(developer).get(f"{ROBOTS}ci/tokens/").json()["count"] == 0
    assert api(second).post(f"/tokens/{made['id']}/rotate/").status_code == 200
    assert api(second).delete(f"/tokens/{made['id']}/").status_code == 204
    assert Token.objects.get(pk=made["id"]).state == "revoked"


class TestNeverMore:
    """T26: nobody makes a robot, or a token of one, that may what they may not."""

    def test_a_role_that_its_maker_lacks_is_refused(self, api: Api, payments: Team, maintainer: User) -> None:
        from accounts.models import CustomRole

        CustomRole.objects.create(name="overseer", permissions=["release.override", "grant.create"])
        CustomRole.objects.create(name="breaker", permissions=["release.start"])
        assert api(maintainer).post(ROBOTS, {"name": "ci", "roles": ["breaker"]}).status_code == 201
        made = Membership.objects.filter(user__username="ci@payments").values_list("role", flat=True)
        assert list(made) == ["breaker"]

    def test_who_lacks_what_the_robot_holds_gets_no_token_of_it(self, api: Api, payments: Team, admin: User) -> None:
        from accounts.models import CustomRole

        CustomRole.objects.create(name="keeper", permissions=["robot.edit", "robot.create", "team.add_member"])
        keeper = member_of(payments, "keeper", new_user("kim"))
        new_robot(payments, "ci", "maintainer")
        refused = api(keeper).post(f"{ROBOTS}ci/tokens/", {"name": "mine"})
        assert refused.status_code == 403
        assert "holds what you lack" in refused.json()["detail"]
        assert api(keeper).post(ROBOTS, {"name": "big", "roles": ["developer"]}).status_code == 403
        assert not User.objects.filter(username="big@payments").exists()

    def test_developers_and_limited_tokens_make_none(self, api: Api, developer: User, maintainer: User) -> None:
        assert api(developer).post(ROBOTS, {"name": "ci", "roles": ["viewer"]}).status_code == 403
        limited = api(maintainer, scopes=["deploy"])
        assert limited.post(ROBOTS, {"name": "ci", "roles": ["viewer"]}).status_code == 403
        assert not User.objects.filter(kind="robot").exists()

    def test_it_belongs_to_its_team_alone(self, api: Api, admin: User, payments: Team, stranger: User) -> None:
        new_robot(payments)
        answer = api(admin).post("/teams/strangers/members/", {"user": "ci@payments", "role": "developer"})
        assert answer.status_code == 422
        assert api(admin).patch("/users/ci@payments/", {"is_admin": True}).status_code == 422
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(username="ci@payments").update(is_admin=True)


class TestNeverAPerson:
    def test_it_has_no_password_and_gets_none(self, api: Api, admin: User, payments: Team) -> None:
        new_robot(payments)
        for password in ("", "ci@payments", "!"):
            assert authenticate(RequestFactory().post("/sign-in/"), username="ci@payments", password=password) is None
        answer = api(admin).patch("/users/ci@payments/", {"password": "correct horse battery"})
        assert answer.status_code == 422
        assert not User.objects.get(username="ci@payments").has_usable_password()

    def test_a_session_of_it_is_none(self, payments: Team, valkey: object) -> None:
        robot = new_robot(payments)
        browser = PageClient.of(robot)
        assert browser.get("/settings/profile/").status_code == 302
        assert browser.get("/api/v1/me/").status_code == 401
        assert user_for_session(browser.session.session_key) is None

    def test_its_voice_counts_for_no_approval(self, payments: Team, approver: User) -> None:
        new_robot(payments, "judge", "maintainer")
        assert set(judges_of([("payments", "prod")])["payments", "prod"].values()) == {"apu"}


def test_other_roles_are_given_and_taken(api: Api, maintainer: User, payments: Team) -> None:
    new_robot(payments)
    answer = api(maintainer).patch(f"{ROBOTS}ci/", {"roles": ["approver", "viewer"]})
    assert answer.json()["roles"] == ["approver", "viewer"]
    entry = Entry.objects.get(action="robot.edit")
    assert (entry.before, entry.after) == ({"roles": ["developer"]}, {"roles": ["approver", "viewer"]})


def test_removed_it_is_gone_with_its_tokens_and_may_come_back(api: Api, maintainer: User, payments: Team) -> None:
    robot = new_robot(payments)
    caller = api(maintainer)
    made = caller.post(f"{ROBOTS}ci/tokens/", {"name": "pipeline"}).json()
    assert caller.delete(f"{ROBOTS}ci/").status_code == 204
    assert caller.get(f"{ROBOTS}ci/").status_code == 404
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 401
    assert caller.post(ROBOTS, {"name": "ci", "roles": ["viewer"]}).status_code == 201
    assert User.objects.get(username="ci@payments").pk == robot.pk
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 401
    assert caller.post(ROBOTS, {"name": "ci", "roles": ["viewer"]}).json()["type"].endswith("name_taken")


def test_one_that_something_acts_as_stays(api: Api, maintainer: User, payments: Team) -> None:
    robot = new_robot(payments)
    CiIdentity.objects.create(
        team=payments, robot=robot, name="checkout", provider="github", issuer="https://x.example", audience="a"
    )
    answer = api(maintainer).delete(f"{ROBOTS}ci/")
    assert (answer.status_code, answer.json()["used_by"]) == (409, ["the CI identity checkout"])


def test_the_page_makes_shows_and_removes_one(web_client: Browser, maintainer: User, payments: Team) -> None:
    browser = web_client(maintainer)
    made = browser.post("/settings/teams/payments/robots/", {"name": "ci", "roles": ["developer"], "environment": ""})
    assert (made.status_code, made["Location"]) == (303, "/settings/teams/payments/robots/ci/")
    page = browser.post("/settings/teams/payments/robots/ci/", {"name": "pipeline", "expires": "30d"})
    assert page.status_code == 201
    assert "slip_" in page.content.decode()
    assert "pipeline" in browser.get("/settings/teams/payments/robots/ci/").content.decode()
    edited = browser.post("/settings/teams/payments/robots/ci/edit/", {"roles": ["viewer"]})
    assert edited.status_code == 303
    assert browser.post("/settings/teams/payments/robots/ci/remove/").status_code == 303
    browser.get("/settings/teams/payments/robots/")
    assert "ci@payments" not in browser.get("/settings/teams/payments/robots/").content.decode()


@pytest.mark.parametrize("name", ["", "Not A Name", "a" * 64, "../x", "ci@payments"])
def test_a_name_that_cannot_be_is_refused(api: Api, maintainer: User, name: str) -> None:
    answer = api(maintainer).post(ROBOTS, {"name": name, "roles": ["viewer"]})
    assert answer.status_code == 422
