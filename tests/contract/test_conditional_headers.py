"""Idempotency-Key, If-Match and If-None-Match stand in the schema at the calls that honour them, and at no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from portal.body_limit import UPLOADS
from portal.openapi import document
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.contract.api_places import ApiCall, api_calls, furnished
from tests.factories.services import new_service

Api = Callable[..., ApiClient]


def path_of(call: ApiCall) -> str:
    """Its address as the schema writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(call.place)).replace("{pk}", "{id}")


OPERATIONS = {(method, path) for path, methods in document()["paths"].items() for method in methods}
SAID = [call for call in api_calls() if (call.method, path_of(call)) in OPERATIONS]


@pytest.fixture
def house(payments: Team, developer: User, valkey: object) -> House:
    """Team payments with one of everything."""
    return furnished(payments, developer)


def operation_of(call: ApiCall) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path_of(call)][call.method]
    return found


def takes(call: ApiCall, name: str) -> bool:
    parameters = operation_of(call).get("parameters", [])
    return {"$ref": f"#/components/parameters/{name}"} in parameters


def called(caller: ApiClient, call: ApiCall, house: House, **headers: str) -> Any:
    body = {} if call.method == "get" or call.address(house) in UPLOADS else {"data": {}}
    return getattr(caller, call.method)(call.address(house), headers=headers, **body)


def test_all_calls_of_the_schema_are_looked_at() -> None:
    assert {(call.method, path_of(call)) for call in SAID} == OPERATIONS


@pytest.mark.parametrize("call", [call for call in SAID if call.method == "post"], ids=str)
def test_a_post_takes_a_key_where_the_schema_says_so(call: ApiCall, house: House, api: Api, admin: User) -> None:
    answer = called(api(admin), call, house, **{"Idempotency-Key": "x" * 256})

    is_refused = answer.status_code == 400 and "Idempotency-Key" in answer.json()["detail"]
    assert is_refused == takes(call, "IdempotencyKey"), answer.content
    assert takes(call, "IdempotencyKey") == ({"409", "422"} <= operation_of(call)["responses"].keys())


@pytest.mark.parametrize("call", [call for call in SAID if call.method != "get"], ids=str)
def test_an_edit_is_refused_by_another_version_where_the_schema_says_so(
    call: ApiCall, house: House, api: Api, admin: User
) -> None:
    caller = api(admin)
    if call.method != "post" and caller.get(call.address(house)).status_code == 404:
        pytest.skip("the house has none")

    answer = called(caller, call, house, **{"If-Match": '"no-such-version"'})

    assert (answer.status_code == 412) == takes(call, "IfMatch"), answer.content
    assert takes(call, "IfMatch") == ("412" in operation_of(call)["responses"])


@pytest.mark.parametrize("call", [call for call in SAID if call.method == "get"], ids=str)
def test_what_was_read_is_not_sent_again_where_the_schema_says_so(
    call: ApiCall, house: House, api: Api, admin: User
) -> None:
    caller, said = api(admin), operation_of(call)["responses"]
    read = called(caller, call, house)
    if read.status_code != 200:
        pytest.skip(f"the house has none: {read.status_code}")
    has_tag, is_weak = "ETag" in read.headers, read.headers.get("ETag", "").startswith("W/")
    assert is_weak == takes(call, "IfNoneMatch") == ("304" in said)
    assert has_tag == ("ETag" in said["200"].get("headers", {}))
    if has_tag and not is_weak:
        # It counts edits by people: what goes on by itself must not be taken for the same.
        assert called(caller, call, house, **{"If-None-Match": read["ETag"]}).status_code == 200


ADDRESS = "/services/?limit=10"


def test_a_list_that_is_the_same_is_304_without_a_body(house: House, api: Api, developer: User) -> None:
    caller = api(developer)
    read = caller.get(ADDRESS)

    for given in (read["ETag"], read["ETag"].removeprefix("W/"), f'"other", {read["ETag"]}', "*"):
        again = caller.get(ADDRESS, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", read["ETag"])
        assert {"RateLimit-Remaining", "X-Request-Id", "Cache-Control", "Vary"} <= set(again.headers)
        assert not {"Content-Type", "Content-Length"} & set(again.headers)
    assert caller.get(ADDRESS, headers={"If-None-Match": '"other"'}).json() == read.json()


def test_after_a_write_it_is_told_again(house: House, api: Api, developer: User, payments: Team) -> None:
    caller = api(developer)
    read = caller.get(ADDRESS)
    new_service("ledger", payments)

    again = caller.get(ADDRESS, headers={"If-None-Match": read["ETag"]})

    assert again.status_code == 200
    assert "ledger" in [one["name"] for one in again.json()["results"]]


def test_what_another_person_read_is_not_the_same(house: House, api: Api, developer: User, stranger: User) -> None:
    read = api(developer).get(ADDRESS)

    again = api(stranger).get(ADDRESS, headers={"If-None-Match": read["ETag"]})

    assert (again.status_code, again.json()["count"]) == (200, 0)


def test_a_refusal_has_no_tag(house: House, api: Api, developer: User) -> None:
    answer = api(developer).get("/services/?colour=blue", headers={"If-None-Match": "*"})
    assert answer.status_code == 400
    assert "ETag" not in answer.headers
