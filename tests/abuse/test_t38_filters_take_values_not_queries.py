"""T38: whatever stands in a filter, an order or a search is a value; it neither widens a list nor breaks it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import User
from tests.callers import ApiClient

INJECTIONS = [
    "' OR '1'='1",
    "x'; DROP TABLE accounts_user; --",
    "%' OR username LIKE '%",
    "1) UNION SELECT password FROM accounts_user --",
    "\\",
    '"',
    "%",
    "_",
    "password__startswith",
    "\N{FULLWIDTH APOSTROPHE}",
]
LISTS = {
    "/users/": ["search", "ordering", "is_active", "cursor", "limit"],
    "/teams/": ["search", "ordering"],
    "/tokens/": ["search", "ordering", "user"],
    "/audit/": ["search", "ordering", "actor", "object", "action", "team", "since", "until", "request_id"],
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in LISTS.items() for name in names])
def test_t38_filters_take_values_not_queries(
    api: Callable[..., ApiClient], developer: User, stranger: User, path: str, name: str
) -> None:
    caller = api(developer)
    all_of_mine = {row["id"] for row in caller.get(path).json()["results"]}
    for injection in INJECTIONS:
        answer = caller.get(f"{path}?{name}={quote(injection)}")
        assert answer.status_code in {200, 400}, injection
        if answer.status_code == 200:
            assert {row["id"] for row in answer.json()["results"]} <= all_of_mine, injection


@pytest.mark.parametrize("name", ["password", "memberships__user__password", "user__password__startswith", "id__in"])
def test_t38_columns_that_are_not_offered_cannot_be_asked(
    api: Callable[..., ApiClient], admin: User, name: str
) -> None:
    for path in LISTS:
        assert api(admin).get(f"{path}?{name}=a").status_code == 400
        assert api(admin).get(f"{path}?ordering={name}").status_code == 400


def test_t38_pages_as_well(web_client: Callable[[User], Client], admin: User) -> None:
    browser = web_client(admin)
    for injection in INJECTIONS:
        for page in ("/settings/users/", "/settings/teams/", "/audit/"):
            assert browser.get(page, {"search": injection, "page": injection}).status_code == 200
        given = {"actor": injection, "object": injection, "since": injection}
        assert browser.get("/audit/", given).status_code == 200
