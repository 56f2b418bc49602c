"""The list of releases, over REST and as a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import new_user
from tests.factories.deployments import checkout_target, new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture
def prod(payments: Team) -> Target:
    return checkout_target(payments, "prod")


def versions(answer: Any) -> list[str]:
    return [one["version"] for one in answer.json()["results"]]


def test_newest_first_with_the_count(api: Api, viewer: User, target: Target) -> None:
    for version in ("1.0", "1.1", "1.2"):
        new_release(target, version, phase="Succeeded")

    answer = api(viewer).get("/releases/")

    assert versions(answer) == ["1.2", "1.1", "1.0"]
    assert answer.json()["count"] == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=failed", ["2.0"]),
        ("environment=prod", ["2.0"]),
        ("service=checkout&environment=dev", ["1.0"]),
        ("created_by=dev", ["1.0"]),
        ("team=payments", ["2.0", "1.0"]),
        ("team=others", []),
        ("search=2.0", ["2.0"]),
        ("search=checkout prod", ["2.0"]),
        ("ordering=created_at", ["1.0", "2.0"]),
    ],
)
def test_filters_search_and_order(
    api: Api, viewer: User, developer: User, target: Target, prod: Target, query: str, found: list[str]
) -> None:
    new_release(target, "1.0", phase="Succeeded", by=developer)
    new_release(prod, "2.0", phase="Failed")

    assert versions(api(viewer).get(f"/releases/?{query}")) == found


def test_an_unknown_parameter_is_an_error_not_silence(api: Api, viewer: User) -> None:
    answer = api(viewer).get("/releases/?sevice=checkout")

    assert answer.status_code == 400
    assert "sevice" in answer.json()["detail"]


def test_pages_by_cursor(api: Api, viewer: User, target: Target) -> None:
    for version in ("1.0", "1.1", "1.2"):
        new_release(target, version, phase="Succeeded")

    first = api(viewer).get("/releases/?limit=2")
    rest = api(viewer).get(first.json()["next"])

    assert versions(first) + versions(rest) == ["1.2", "1.1", "1.0"]
    assert rest.json()["next"] is None


def test_another_team_sees_none_of_it(api: Api, web_client: Web, stranger: User, target: Target) -> None:
    new_release(target)

    assert api(stranger).get("/releases/").json()["count"] == 0
    assert "checkout" not in web_client(stranger).get("/releases/").content.decode()


def test_the_page_shows_and_filters_them_without_javascript(
    web_client: Web, viewer: User, target: Target, prod: Target
) -> None:
    new_release(target, "1.0", phase="Succeeded")
    new_release(prod, "2.0", phase="Failed")
    browser = web_client(viewer)

    both = browser.get("/releases/").content.decode()
    failed = browser.get("/releases/?status=failed").content.decode()

    assert "1.0" in both
    assert "2.0" in both
    assert "2.0" in failed
    assert "1.0" not in failed
    assert 'value="failed" selected' in failed


def test_an_empty_page_says_why_and_what_to_do(web_client: Web, viewer: User, target: Target) -> None:
    browser = web_client(viewer)

    assert "press Deploy" in browser.get("/releases/").content.decode()
    assert "No release matches" in browser.get("/releases/?status=failed").content.decode()


@pytest.mark.parametrize("path", ["/api/v1/releases/", "/releases/"])
def test_the_number_of_queries_does_not_grow_with_the_list(
    api: Api, web_client: Web, viewer: User, target: Target, prod: Target, path: str
) -> None:
    caller = api(viewer) if path.startswith("/api") else web_client(viewer)
    caller.get(path)
    new_release(target, phase="Succeeded")
    with CaptureQueriesContext(connection) as few:
        caller.get(path)
    for number in range(20):
        new_release(target if number % 2 else prod, f"3.{number}", phase="Succeeded")
    with CaptureQueriesContext(connection) as many:
        caller.get(path)

    assert len(many) == len(few) <= 12


def test_the_rail_counts_what_is_under_way(web_client: Web, viewer: User, target: Target, prod: Target) -> None:
    new_release(target)
    new_release(prod, phase="Succeeded")

    page = web_client(viewer).get("/releases/").content.decode()

    assert '<span class="count">1<' in page


def test_who_belongs_to_no_team_is_told_why_there_is_nothing(db: None, web_client: Web) -> None:
    page = web_client(new_user("nora")).get("/releases/").content.decode()

    assert "you belong to no team" in page
    assert "No releases yet" not in page
