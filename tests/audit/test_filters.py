"""Each filter of the log, and that none of them walks or sorts a log of a million entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Team, User
from audit import queries
from audit.models import Entry
from audit.record import audit
from tests.callers import ApiClient
from web.filters import filtered

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]

pytestmark = pytest.mark.django_db

ASKED = {
    "actor": "Ada",
    "on_behalf_of": "repo:shop/checkout",
    "token": "ci",
    "address": "192.0.2.7",
    "action": "team.edit",
    "object": "team/payments",
    "team": "payments",
    "request_id": "r-1",
    "since": "2026-01-01T00:00:00Z",
    "until": "2026-02-01T00:00:00Z",
}


def test_each_filter_is_asked_for_here() -> None:
    assert ASKED.keys() == queries.FILTERS.keys()


def test_they_find_what_they_say(api: Api, web_client: Browser, admin: User, payments: Team) -> None:
    api(admin).post("/teams/", {"name": "one"}, headers={"X-Request-Id": "r-1"}, REMOTE_ADDR="192.0.2.7")
    audit(None, "team.edit", payments, on_behalf_of="repo:shop/checkout")
    for query, found in [
        ("token=ci", "one"),
        ("address=192.0.2.7&actor=ADA", "one"),
        ("request_id=r-1&actor=ada", "one"),
        ("on_behalf_of=repo:shop/checkout", "payments"),
    ]:
        (entry,) = api(admin).get(f"/audit/?{query}").json()["results"]
        assert entry["object_name"] == found, query
        page = web_client(admin).get(f"/audit/?{query}").content.decode()
        assert f"team/{found}" in page, query
        assert '<details class="more" open>' in page, query


def plan(sql: str, parameters: object) -> str:
    """What SQLite plans; PostgreSQL plans by what is in the table, which here is nothing."""
    if connection.vendor != "sqlite":
        pytest.skip("the plan of an empty table says nothing on PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize("name", [*ASKED, "nothing"])
def test_a_filtered_list_searches_an_index_and_sorts_nothing(name: str) -> None:
    rows = filtered(Entry.objects.all(), queries.FILTERS, {name: ASKED[name]} if name in ASKED else {})
    planned = plan(*rows.order_by("-at", "-id")[:51].query.sql_with_params())
    assert "USING INDEX entry_by_" in planned
    assert "TEMP B-TREE" not in planned
    assert name == "nothing" or "SCAN" not in planned


@pytest.mark.parametrize("text", ["payments", "00000000-0000-4000-8000-000000000000"])
def test_an_object_by_name_or_id_searches_two_indexes(text: str) -> None:
    rows = queries.about(Entry.objects.all(), text)
    planned = plan(*rows.order_by("-at", "-id")[:51].query.sql_with_params())
    assert "entry_by_object_name" in planned
    assert "entry_by_object_id" in planned
    assert "SCAN" not in planned


@pytest.mark.parametrize("name", [name for name in ASKED if name not in {"object", "actor"}])
def test_counting_a_filtered_list_reads_the_index_alone(name: str) -> None:
    """SQLite reads the row beside an index of an expression, which that of the actor is."""
    rows = filtered(Entry.objects.order_by(), queries.FILTERS, {name: ASKED[name]})
    assert "COVERING INDEX entry_by_" in plan(*rows.values("id").query.sql_with_params())


def test_the_log_is_ordered_by_time_over_rest(api: Api, admin: User, payments: Team) -> None:
    for _ in range(3):
        audit(admin, "team.edit", payments)
    caller = api(admin)
    first = caller.get("/audit/?limit=2").json()
    second = caller.get(first["next"]).json()
    ids = [entry["id"] for entry in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert [entry["id"] for entry in caller.get("/audit/?ordering=at").json()["results"]] == sorted(ids)
