"""What the pages and lists of providers cost: as much for many as for few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import GroupRule, Identity, IdentityProvider, User
from tests.callers import ApiClient
from tests.factories.accounts import new_team, new_user

PAGES = {
    "/settings/sign-in/": 5,
    "/settings/sign-in/p-0/": 9,
    "/settings/sign-in/p-0/tested/": 4,
}
LISTS = {"/identity-providers/": 3, "/identity-providers/p-0/rules/": 4, "/identities/": 3}


def fill(count: int) -> None:
    for number in range(IdentityProvider.objects.count(), count):
        IdentityProvider.objects.create(
            name=f"p-{number}", title=f"P {number}", issuer="https://a.example", client_id="x"
        )
    first = IdentityProvider.objects.get(name="p-0")
    for _number in range(count):
        user = new_user()
        Identity.objects.create(provider=first, subject=str(user.pk), user=user)
        GroupRule.objects.create(provider=first, group=f"g-{user.pk}", team=new_team(), role="viewer")


def asked(call: Callable[[], Any]) -> int:
    call()
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_as_often_for_many_as_for_few(admin: User, web_client: Callable[[User], Client], path: str) -> None:
    browser = web_client(admin)
    fill(1)
    few = asked(lambda: browser.get(path))
    fill(20)
    assert (few, asked(lambda: browser.get(path))) == (PAGES[path], PAGES[path])


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_as_often_for_many_as_for_few(admin: User, api: Callable[..., ApiClient], path: str) -> None:
    caller = api(admin)
    fill(1)
    few = asked(lambda: caller.get(path))
    fill(20)
    assert (few, asked(lambda: caller.get(path))) == (LISTS[path], LISTS[path])


def test_the_sign_in_page_asks_once_for_its_buttons(anonymous: Client, db: None) -> None:
    fill(20)
    assert asked(lambda: anonymous.get("/sign-in/")) == 1
