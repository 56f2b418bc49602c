"""A role may hold for one environment only: it lets its holder act there and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.permissions import ANYWHERE, may, may_in_any_team, permissions_in, require, team_ids_with, why_not
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.services import new_environment
from web.errors import NotPermitted

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


@pytest.fixture
def dev_only(payments: Team) -> User:
    """Dot, a developer of payments for dev alone."""
    return member_of(payments, "developer", new_user("dot"), environment="dev")


def test_it_counts_where_it_is_held_and_nowhere_else(payments: Team, dev_only: User) -> None:
    assert may(dev_only, "release.start", payments, "dev")
    assert not may(dev_only, "release.start", payments, "prod")
    assert not may(dev_only, "release.start", payments)
    assert not may(dev_only, "release.start", new_team(), "dev")
    assert may(dev_only, "release.start", payments, ANYWHERE)
    assert not may(dev_only, "release.approve", payments, ANYWHERE)


def test_what_is_in_no_environment_takes_a_role_for_all(payments: Team, dev_only: User) -> None:
    assert not may(dev_only, "service.edit", payments)
    assert not may_in_any_team(dev_only, "service.create")
    assert may_in_any_team(dev_only, "release.start", "dev")
    assert team_ids_with(dev_only, "release.start") == set()
    assert team_ids_with(dev_only, "release.start", "dev") == {payments.pk}


def test_who_belongs_to_a_team_sees_all_of_it(payments: Team, dev_only: User) -> None:
    assert may(dev_only, "service.view", payments)
    assert may(dev_only, "release.view", payments, "prod")
    assert "service.view" in permissions_in(dev_only, payments, "prod")


def test_a_role_for_all_environments_counts_in_each(payments: Team) -> None:
    anywhere = member_of(payments, "developer")
    assert may(anywhere, "release.start", payments, "prod")
    assert may(anywhere, "release.start", payments, "of-tomorrow")


def test_a_refusal_says_where_and_who_there_can_grant_it(payments: Team, dev_only: User) -> None:
    member_of(payments, "maintainer", new_user("pia"), environment="prod")
    member_of(payments, "maintainer", new_user("dan"), environment="dev")
    with pytest.raises(NotPermitted) as refused:
        require(dev_only, "release.start", payments, "prod")
    assert refused.value.fields["environment"] == "prod"
    assert "release.start in team payments for prod" in refused.value.detail
    assert "(pia)" in refused.value.granted_by
    assert "dan" not in why_not(dev_only, "release.start", payments, "prod")


def test_up_to_three_who_can_grant_it_are_named_to_members_only(payments: Team, viewer: User) -> None:
    for name in ("una", "dos", "tri", "four"):
        member_of(payments, "maintainer", new_user(name))
    assert "(dos, four, tri …)" in why_not(viewer, "release.start", payments)
    outside = member_of(new_team(), "viewer")
    assert "(" not in why_not(outside, "release.start", payments)


def test_members_are_added_for_an_environment_and_removed_again(api: Api, maintainer: User) -> None:
    new_environment("dev")
    new_environment("prod")
    lin, caller = new_user("lin"), api(maintainer)
    for body in ({"environment": "dev"}, {"environment": "dev"}, {"environment": "prod"}, {}):
        answer = caller.post("/teams/payments/members/", {"user": "lin", "role": "developer", **body})
        assert answer.status_code == 201, answer.content
    assert sorted(lin.memberships.values_list("environment", flat=True)) == ["", "dev", "prod"]
    listed = caller.get("/teams/payments/members/?environment=dev").json()["results"]
    assert [(row["user"], row["role"], row["environment"]) for row in listed] == [("lin", "developer", "dev")]

    assert caller.delete("/teams/payments/members/lin/?role=developer&environment=dev").status_code == 204
    assert sorted(lin.memberships.values_list("environment", flat=True)) == ["", "prod"]
    assert api(lin).get("/me/").json()["roles"] == [
        {"team": "payments", "role": "developer", "environment": ""},
        {"team": "payments", "role": "developer", "environment": "prod"},
    ]
    assert caller.delete("/teams/payments/members/lin/").status_code == 204
    assert not lin.memberships.exists()


def test_a_member_is_added_for_an_environment_in_the_browser(web_client: Browser, maintainer: User) -> None:
    new_environment("dev")
    lin, browser = new_user("lin"), web_client(maintainer)
    page = "/settings/teams/payments/"
    assert browser.post(page, {"user": "lin", "role": "developer", "environment": "dev"}).status_code == 303
    assert lin.memberships.get().environment == "dev"
    browser.post(f"{page}members/lin/remove/", {"role": "developer", "environment": "dev"})
    assert not lin.memberships.exists()


def test_there_has_to_be_such_an_environment(api: Api, maintainer: User) -> None:
    new_environment("dev")
    answer = api(maintainer).post("/teams/payments/members/", {"user": "mia", "role": "viewer", "environment": "moon"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/environment")
    assert "dev" in answer.json()["errors"][0]["detail"]


def test_an_environment_for_which_roles_are_held_is_not_removed(api: Api, admin: User, dev_only: User) -> None:
    new_environment("dev")
    refused = api(admin).delete("/environments/dev/")
    assert refused.status_code == 409
    assert refused.json()["blocked_by"] == [
        {"kind": "membership", "team": "payments", "user": "dot", "role": "developer"}
    ]
    Membership.objects.all().delete()
    assert api(admin).delete("/environments/dev/").status_code == 204
