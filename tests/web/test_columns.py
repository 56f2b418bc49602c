"""The columns of a list: chosen in the address, remembered by the browser, all without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_service

Web = Callable[[User], PageClient]


def heads(page: str) -> int:
    return page.count('<th scope="col"')


def test_chosen_columns_stand_in_the_address_and_are_remembered(
    web_client: Web, developer: User, payments: Team
) -> None:
    new_service("checkout", payments)
    browser = web_client(developer)
    assert heads(browser.get("/services/").content.decode()) == 5
    chosen = browser.get("/services/?columns=&columns=owner&columns=nonsense").content.decode()
    assert (heads(chosen), "payments</td>" in chosen) == (2, True)
    assert heads(browser.get("/services/").content.decode()) == 2
    assert heads(browser.get("/services/?columns=").content.decode()) == 1
    assert heads(browser.fragment("/services/", "list").content.decode()) == 1


@pytest.mark.parametrize("path", ["/clusters/", "/releases/", "/audit/"])
def test_every_list_has_them(web_client: Web, developer: User, payments: Team, path: str) -> None:
    new_grant(payments, saved_cluster("home"))
    page = web_client(developer).get(f"{path}?columns=status&columns=who").content.decode()
    assert 'name="columns"' in page
    assert "format=csv" in page
