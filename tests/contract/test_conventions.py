"""What docs/api.md promises of every call holds for every call that the URL map knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytest_django.fixtures import Settings

from accounts.models import Team, User
from portal.asgi import application
from portal.body_limit import UPLOADS
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.contract.api_places import ApiCall, api_calls, furnished, lists

Api = Callable[..., ApiClient]
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
# Nobody is asked who they are where the caller's own proof is what the call is about.
ANONYMOUS = ("/auth/", "/webhooks/")


@pytest.fixture
def house(payments: Team, developer: User, valkey: object) -> House:
    """Team payments with one of everything."""
    return furnished(payments, developer)


def called(caller: ApiClient, call: ApiCall, house: House, query: str = "", body: object = None, **more: Any) -> Any:
    """The answer to one call; one that writes brings a body."""
    if call.method != "get" and call.address(house) not in UPLOADS:
        more["data"] = {} if body is None else body
    return getattr(caller, call.method)(call.address(house) + query, **more)


def asks_for_a_caller(call: ApiCall) -> bool:
    return not any(word in str(call.place) for word in ANONYMOUS)


OWNED = [call for call in api_calls() if asks_for_a_caller(call)]


@pytest.mark.parametrize("call", OWNED, ids=str)
def test_without_a_caller_it_is_401_and_says_how_to_be_one(call: ApiCall, house: House, api: Api) -> None:
    for caller in (api(), _with(api(), "Bearer slip_nobody"), _with(api(), "Basic YTpi")):
        answer = called(caller, call, house)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json().keys() >= MEMBERS


@pytest.mark.parametrize("call", OWNED, ids=str)
def test_a_parameter_that_is_not_read_is_refused(call: ApiCall, house: House, api: Api, admin: User) -> None:
    answer = called(api(admin), call, house, "?colour=blue")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:slipway:problem:bad_parameter"), answer.content
    assert "colour" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/teams/", "/releases/", "/me/permissions/"])
def test_a_method_that_is_not_there_is_405_whatever_it_brings(path: str, api: Api, admin: User) -> None:
    for query in ("", "?colour=blue"):
        answer = api(admin).put(f"{path}{query}", {})
        assert (answer.status_code, answer.json()["type"]) == (405, "urn:slipway:problem:method_not_allowed")
        assert "GET" in answer["Allow"]


@pytest.mark.parametrize("call", OWNED, ids=str)
def test_every_answer_says_what_is_left_and_carries_its_number(
    call: ApiCall, house: House, api: Api, admin: User
) -> None:
    answer = called(api(admin), call, house, "?colour=blue", headers={"X-Request-Id": "ci/4711"})
    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(answer.headers)
    assert answer["X-Request-Id"] == answer.json()["request_id"] == "ci/4711"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("call", OWNED, ids=str)
def test_past_the_limit_it_is_429_and_says_when_to_come_back(
    call: ApiCall, house: House, api: Api, admin: User, settings: Settings
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 0
    answer = called(api(admin), call, house)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize("call", [call for call in OWNED if call.method != "get"], ids=str)
def test_who_may_not_is_told_what_is_missing_and_who_gives_it(
    call: ApiCall, house: House, api: Api, viewer: User
) -> None:
    answer = called(api(viewer), call, house)
    assert answer.status_code >= 400 or _is_everybodys(call), answer.content
    if answer.status_code == 403:
        problem = answer.json()
        assert problem["permission"] and problem["granted_by"], problem


@pytest.mark.parametrize("call", api_calls("put", "patch", "delete"), ids=str)
def test_an_edit_of_another_version_is_refused_before_anything_else(
    call: ApiCall, house: House, api: Api, admin: User
) -> None:
    caller = api(admin)
    if caller.get(call.address(house)).status_code == 404:
        pytest.skip("the house has none")
    answer = called(caller, call, house, headers={"If-Match": '"no-such-version"'})
    assert (answer.status_code, answer.json()["type"]) == (412, "urn:slipway:problem:precondition_failed"), str(call)


@pytest.mark.parametrize("call", api_calls("put", "patch", "delete"), ids=str)
def test_an_edit_of_the_version_that_was_read_is_taken(call: ApiCall, house: House, api: Api, admin: User) -> None:
    caller, address = api(admin), call.address(house)
    read = caller.get(address)
    if read.status_code == 404:
        pytest.skip("the house has none")
    if read.status_code == 200:
        assert read["ETag"] == caller.get(address)["ETag"]
        assert called(caller, call, house, headers={"If-Match": read["ETag"]}).status_code != 412
    else:
        # It has no entity tag of its own.
        assert read.status_code == 405
    assert called(caller, call, house, headers={"If-Match": "*"}).status_code != 412


@pytest.mark.parametrize("call", [call for call in api_calls("post") if asks_for_a_caller(call)], ids=str)
def test_a_post_that_comes_twice_is_done_once(call: ApiCall, house: House, api: Api, admin: User) -> None:
    caller, key = api(admin), {"Idempotency-Key": "ci-4711"}
    if call.address(house) in UPLOADS:
        pytest.skip("its body is no JSON: tests/charts/test_upload.py")
    first = called(caller, call, house, headers=key)
    again = called(caller, call, house, headers=key)
    other = called(caller, call, house, body={"another": "body"}, headers=key)
    if first.status_code >= 500:
        # A fault is not kept: the same call may be tried again.
        assert (call.place.answers(first.status_code), again.get("Idempotency-Replayed")) == (True, None)
        return
    assert (again.status_code, again["Idempotency-Replayed"]) == (first.status_code, "true")
    assert "Idempotency-Replayed" not in first
    assert (other.status_code, other.json()["type"]) == (422, "urn:slipway:problem:idempotency_key_reused")


@pytest.mark.parametrize("call", lists(), ids=str)
def test_a_list_is_read_in_portions_of_1_to_200(call: ApiCall, house: House, api: Api, admin: User) -> None:
    caller, address = api(admin), call.address(house)
    query = {"environment": house.target.environment.name} if "revisions" in address else {}
    answer = caller.get(address, {"limit": "1", **query})
    assert answer.status_code == 200, answer.content
    assert answer.json().keys() >= {"results", "next", "previous", "count"}
    assert len(answer.json()["results"]) <= 1 <= max(1, answer.json()["count"])
    assert caller.get(address, {"limit": "200", **query}).status_code == 200
    for bad in (
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "00000150000"},
        {"limit": "ten"},
        {"cursor": "no cursor"},
        {"ordering": "password"},
    ):
        assert caller.get(address, {**bad, **query}).status_code == 400, bad


@pytest.mark.parametrize("call", api_calls("post", "put", "patch"), ids=str)
async def test_a_body_past_its_limit_is_413(call: ApiCall) -> None:
    path = call.place.filled(_Anything())
    most = UPLOADS.get(path, (1024 * 1024, 0))[0]
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as caller:
        for headers in ({"Content-Length": str(most + 1)}, {}):
            answer = await caller.request(
                call.method, path, content=_pieces(most + 1), headers={"Authorization": "Bearer x", **headers}
            )
            assert answer.status_code == 413
            assert answer.json().keys() >= MEMBERS
            assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "call", [call for call in api_calls("post", "put", "patch") if asks_for_a_caller(call)], ids=str
)
def test_json_nested_past_32_is_refused(call: ApiCall, house: House, api: Api, admin: User) -> None:
    if call.address(house) in UPLOADS:
        pytest.skip("its body is no JSON")
    deep = '{"a":' * 33 + "1" + "}" * 33
    answer = api(admin).generic(call.method.upper(), call.address(house), deep, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:slipway:problem:bad_request")


class _Anything(dict[str, str]):
    """A value for each part of a path."""

    def __missing__(self, word: str) -> str:
        return "00000000-0000-4000-8000-000000000000"


async def _pieces(size: int) -> Any:
    for _ in range(0, size, 65536):
        yield b"x" * 65536


def _with(caller: ApiClient, authorization: str) -> ApiClient:
    caller.credentials(HTTP_AUTHORIZATION=authorization)
    return caller


def _is_everybodys(call: ApiCall) -> bool:
    """What a person does to what is their own, or asks without changing anything."""
    return any(word in str(call.place) for word in ("/views/", "/tokens/", "/refresh/", "/try/", "/import/"))
