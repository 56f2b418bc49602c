"""Lists over REST: portions by cursor, strict parameters, filters, search, order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from tests.callers import ApiClient
from tests.factories.accounts import new_team, new_user

Api = Callable[..., ApiClient]


def names(answer: object) -> list[str]:
    return [row["name"] for row in answer.json()["results"]]


def test_a_list_is_walked_in_portions_there_and_back(api: Api, admin: User) -> None:
    for number in range(5):
        new_team(f"team-{number}")
    caller = api(admin)
    first = caller.get("/teams/?limit=2")
    assert (first.json()["count"], names(first), first.json()["previous"]) == (5, ["team-0", "team-1"], None)
    second = caller.get(first.json()["next"])
    third = caller.get(second.json()["next"])
    assert (names(second), names(third), third.json()["next"]) == (["team-2", "team-3"], ["team-4"], None)
    assert names(caller.get(third.json()["previous"])) == ["team-2", "team-3"]


def test_rows_that_come_meanwhile_shift_nothing(api: Api, admin: User) -> None:
    for name in ("b", "d", "f"):
        new_team(name)
    caller = api(admin)
    first = caller.get("/teams/?limit=2").json()
    new_team("a")
    assert names(caller.get(first["next"])) == ["f"]


def test_equal_values_are_neither_lost_nor_doubled(api: Api, admin: User) -> None:
    now = admin.created_at
    for number in range(7):
        user = new_user(f"u{number}")
        user.created_at = now
        user.save()
    caller, seen, url = api(admin), [], "/users/?limit=2&ordering=created_at"
    while url:
        answer = caller.get(url).json()
        seen += [row["username"] for row in answer["results"]]
        url = answer["next"]
    assert sorted(seen) == sorted(["ada", *(f"u{number}" for number in range(7))])


def test_order_search_and_filters_narrow_together(api: Api, admin: User) -> None:
    for name in ("pay-api", "pay-web", "orders"):
        new_team(name)
    caller = api(admin)
    assert names(caller.get("/teams/?ordering=-name")) == ["pay-web", "pay-api", "orders"]
    assert names(caller.get("/teams/?search=pay+web")) == ["pay-web"]
    new_user("off", is_active=False)
    assert caller.get("/users/?is_active=false").json()["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "colour=blue",
        "limit=0",
        "limit=201",
        "limit=ten",
        "limit=-1",
        "limit=1&limit=2",
        "limit=٣",
        "ordering=password",
        "ordering=memberships__user__password",
        "ordering=%3F",
        "cursor=nonsense",
        "cursor=cD1ub3QtYS1kYXRl&ordering=created_at",
        "search=%00",
        "format=api",
        "search=" + "x" * 501,
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(api: Api, admin: User, query: str) -> None:
    new_team("payments")
    answer = api(admin).get(f"/teams/?{query}")
    assert answer.status_code == 400, answer.json()
    assert answer.json()["type"] == "urn:slipway:problem:bad_parameter"


@pytest.mark.parametrize("query", ["is_active=1", "is_active=yes", "is_admin=TRUE"])
def test_yes_or_no_is_said_in_one_way(api: Api, admin: User, query: str) -> None:
    assert api(admin).get(f"/users/?{query}").status_code == 400


def test_a_call_that_is_no_list_reads_no_parameters_either(api: Api, admin: User) -> None:
    assert api(admin).post("/teams/?dry_run=true", {"name": "payments"}).status_code == 400
