"""One place says what the caller may do where, and if not, why and who can grant it."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Team, User
from accounts.permissions import PERMISSIONS
from tests.callers import ApiClient
from tests.factories.accounts import member_of
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]


def test_it_answers_every_permission_for_a_service_and_environment(api: Api, payments: Team, maintainer: User) -> None:
    new_service("checkout", payments)
    new_environment("dev")
    new_environment("prod")
    caller = api(member_of(payments, "developer", environment="dev"))
    there = caller.get("/me/permissions/?service=checkout&environment=dev").json()
    assert there.keys() == PERMISSIONS.keys()
    assert there["release.start"] == {"allowed": True, "why_not": "", "granted_by": ""}
    refused = caller.get("/me/permissions/?service=checkout&environment=prod").json()["release.start"]
    assert not refused["allowed"]
    assert "release.start in team payments for prod" in refused["why_not"]
    assert "mia" in refused["granted_by"]


def test_it_answers_for_a_team_and_for_none(api: Api, admin: User, viewer: User) -> None:
    of_team = api(viewer).get("/me/permissions/?team=payments").json()
    assert of_team["service.view"]["allowed"]
    assert not of_team["service.edit"]["allowed"]
    assert api(viewer).get("/me/permissions/").json()["user.create"]["granted_by"] == "an admin"
    assert all(answer["allowed"] for answer in api(admin).get("/me/permissions/").json().values())


def test_a_token_is_no_wider_than_its_scopes(api: Api, maintainer: User) -> None:
    answers = api(maintainer, scopes=["read"]).get("/me/permissions/?team=payments").json()
    assert answers["service.view"]["allowed"]
    assert not answers["release.start"]["allowed"]
    assert "scope" in answers["release.start"]["why_not"]


def test_nothing_is_told_of_other_teams(api: Api, payments: Team, stranger: User) -> None:
    new_service("checkout", payments)
    caller = api(stranger)
    for query in ("service=checkout", "team=payments", "service=no-such", "team=no-such"):
        assert caller.get(f"/me/permissions/?{query}").status_code == 404
    assert caller.get("/me/permissions/?service=checkout&team=strangers").status_code == 400
    assert caller.get("/me/permissions/?environment=moon").status_code == 422


def test_it_costs_the_same_however_many_permissions_there_are(
    api: Api, viewer: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    new_environment("prod")
    caller = api(viewer)
    caller.get("/me/permissions/?team=payments")
    with django_assert_max_num_queries(8):
        caller.get("/me/permissions/?team=payments&environment=prod")
