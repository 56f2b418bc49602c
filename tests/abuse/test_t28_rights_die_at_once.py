"""T28: sessions and tokens end with the person, and what a team gave ends with the membership."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from accounts.models import Membership, User
from tests.callers import ApiClient
from tests.factories.services import new_service


def test_t28_a_person_who_is_switched_off_is_nobody_in_session_and_token(
    api: Callable[..., ApiClient], web_client: Callable[[User], Client], developer: User
) -> None:
    caller, browser = api(developer), web_client(developer)
    assert caller.get("/services/").status_code == 200
    assert browser.get("/services/").status_code == 200

    User.objects.filter(pk=developer.pk).update(is_active=False)

    assert caller.get("/services/").status_code == 401
    assert browser.get("/services/").status_code == 302


def test_t28_what_the_team_has_is_gone_with_the_membership(
    api: Callable[..., ApiClient], web_client: Callable[[User], Client], developer: User
) -> None:
    new_service("checkout", developer.memberships.get().team)
    caller, browser = api(developer), web_client(developer)
    assert caller.get("/services/checkout/").status_code == 200

    Membership.objects.filter(user=developer).delete()

    assert caller.get("/services/checkout/").status_code == 404
    assert browser.get("/services/checkout/").status_code == 404
    assert caller.get("/services/").json()["count"] == 0


def test_t28_a_role_that_is_lowered_takes_its_rights_along(api: Callable[..., ApiClient], developer: User) -> None:
    new_service("checkout", developer.memberships.get().team)
    caller = api(developer)
    assert caller.get("/services/checkout/").status_code == 200
    etag = caller.get("/services/checkout/")["ETag"]

    Membership.objects.filter(user=developer).update(role="viewer")

    answer = caller.patch("/services/checkout/", {"description": "mine"}, HTTP_IF_MATCH=etag)
    assert answer.status_code == 403
