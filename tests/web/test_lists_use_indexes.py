"""Whatever a list of the API is filtered and ordered by, the database finds it by an index."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team, User
from deployments import listed
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.contract.api_places import ApiCall, furnished, lists
from tests.contract.plenty import multiply, queries_of

# A house has few of these, each short: reading them all is what an index would do as well.
FEW = {
    *("accounts_user", "accounts_team", "accounts_membership", "accounts_token", "accounts_savedview"),
    *("clusters_cluster", "clusters_grant", "services_environment", "notifications_channel"),
    *("deployments_analysistemplate", "charts_chartrepository", "installs_install", "charts_chartupload"),
    *("accounts_customrole", "accounts_ciidentity", "accounts_identityprovider", "accounts_grouprule"),
    *("webhooks_webhooksource", "sinks_auditsink", "audit_chainhead"),
    # A few for each person. Those that guess passwords make many of the last; admins alone look for locks, and seldom.
    *("accounts_identity", "accounts_session", "django_session", "axes_accessattempt"),
    # What a window function has numbered, of one portion's rows.
    "qualify",
}
# Part of one thing, found by its key: sorting that part is what a list of it is.
OF_ONE_THING = ("/targets/", "/members/", "/checks/", "/runs/", "/revisions/", "/rules/")


@pytest.fixture
def house(payments: Team, developer: User, admin: User, valkey: object) -> House:
    """Team payments with twenty of everything."""
    house = furnished(payments, developer)
    multiply(house, admin)
    return house


@pytest.mark.parametrize("call", lists(), ids=str)
def test_every_filter_and_order_of_a_list_is_indexed(
    call: ApiCall, house: House, api: Callable[..., ApiClient], admin: User
) -> None:
    caller, address = api(admin), call.address(house)
    found = []
    for query in asked_of(call, house, address):
        listed.forget()
        _rows, statements = queries_of(caller, address, {"limit": "2", **query})
        for sql in statements:
            if sql.startswith("SELECT"):
                found += [
                    f"{query}: {problem}" for problem in problems_of(sql, address) if not is_of_one(query, problem)
                ]
    assert not found, "\n".join(sorted(set(found)))


def is_of_one(query: dict[str, str], problem: str) -> bool:
    """Whether what is sorted is of one service or other object: few, and found by its name."""
    return bool({"service", "object"} & query.keys()) and problem.startswith("sorts")


def asked_of(call: ApiCall, house: House, address: str) -> Iterator[dict[str, str]]:
    """The list as it is, by each of its filters, and in each of its orders."""
    view = call.place.view.cls
    always = {"environment": house.target.environment.name} if address.endswith("/revisions/") else {}
    yield always
    if address.endswith("/approvals/"):
        yield {"state": "approved"}
    for name, how in view.filter_fields.items():
        yield {name: value_for(name, how), **always}
    for name in view.ordering_fields:
        yield {"ordering": name, **always}
        yield {"ordering": f"-{name}", **always}


def value_for(name: str, how: Any) -> str:
    if callable(how):
        return "2026-11-24T22:50:00Z" if "instant" in how.__qualname__ else "true"
    return "00000000-0000-4000-8000-000000000000" if how.endswith("_id") else "zebra"


def problems_of(sql: str, address: str) -> Iterator[str]:
    """What of the statement is done by reading or sorting whole tables."""
    is_count = sql.startswith("SELECT COUNT(")
    # What is read for the rows of one portion, or of one row, may be sorted: it is little.
    is_little = " LIMIT " not in sql or re.search(r'"id" (IN \(|= )', sql) or address.endswith(OF_ONE_THING)
    # The log is read along its key, from its newest entry, whatever is looked for in it.
    few = FEW | ({"audit_entry"} if 'ORDER BY "audit_entry"."id"' in sql else set())
    steps = steps_on_postgres(sql) if connection.vendor == "postgresql" else steps_on_sqlite(sql)
    for step, table in steps:
        if step == "scan" and table not in few and not is_count:
            yield f"reads all of {table}: {sql[:300]}"
        if (
            step == "sort"
            and not is_count
            and not is_little
            and not few & set(re.findall(r"\bFROM \"(\w+)\"", sql)[:1])
        ):
            yield f"sorts: {sql[-300:]}"


def steps_on_sqlite(sql: str) -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        plan = [row[-1] for row in cursor.fetchall()]
    aliases = {alias or table: table for table, alias in re.findall(r'(?:FROM|JOIN) "(\w+)"(?: (\w+))?', sql)}
    for line in plan:
        if (scanned := re.match(r"SCAN (\w+)\b(?!.*USING (?:COVERING )?INDEX)", line)) is not None:
            yield "scan", aliases.get(scanned[1], scanned[1])
        if "USE TEMP B-TREE FOR ORDER BY" in line:
            yield "sort", ""


def steps_on_postgres(sql: str) -> Iterator[tuple[str, str]]:
    """With reading and sorting of whole tables forbidden: what is left of it has no index to do without."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        plan = cursor.fetchone()[0]
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute("SET LOCAL enable_sort = on")
    yield from nodes_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def nodes_of(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if node["Node Type"] == "Seq Scan":
        yield "scan", node["Relation Name"]
    if node["Node Type"] == "Sort":
        yield "sort", ""
    for inner in node.get("Plans", ()):
        yield from nodes_of(inner)
