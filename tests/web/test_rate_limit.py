"""So many calls a person and minute."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings
from redis import Redis
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.models import User
from tests.callers import ApiClient
from web.throttle import RateLimit

Api = Callable[..., ApiClient]


@pytest.fixture(autouse=True)
def in_the_middle_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.throttle.clock", lambda: 1_800_000_010.0)


def test_each_answer_says_what_is_left(api: Api, developer: User) -> None:
    caller = api(developer)
    caller.get("/me/")
    answer = caller.get("/me/")
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"], answer["RateLimit-Reset"]) == ("600", "598", "50")


def test_past_the_limit_it_is_429_until_the_minute_is_over(
    api: Api, developer: User, viewer: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 3
    caller = api(developer)
    assert [caller.get("/me/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = caller.get("/me/")
    assert (refused["Retry-After"], refused["RateLimit-Remaining"]) == ("50", "0")
    assert refused["Content-Type"] == "application/problem+json"
    assert api(viewer).get("/me/").status_code == 200
    monkeypatch.setattr("web.throttle.clock", lambda: 1_800_000_060.0)
    assert caller.get("/me/").status_code == 200


def test_two_tokens_of_one_person_share_the_limit(api: Api, developer: User, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    first, second = api(developer), api(developer)
    assert [first.get("/me/").status_code, second.get("/me/").status_code, first.get("/me/").status_code] == [
        200,
        200,
        429,
    ]


def test_counters_do_not_stay_in_redis(api: Api, developer: User, valkey: Redis) -> None:
    api(developer).get("/me/")
    (key,) = valkey.keys("*rate:*")
    assert 0 < valkey.ttl(key) <= 65


def test_without_redis_everybody_goes_on_working(api: Api, developer: User, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere.sock"
    answer = api(developer).get("/me/")
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer


def test_calls_that_carry_their_own_proof_are_counted_by_address(db: None, valkey: Redis, settings: Settings) -> None:
    settings.ANONYMOUS_RATE_LIMIT_PER_MINUTE, settings.TRUST_FORWARDED_FOR = 2, True

    def allowed(address: str) -> bool:
        request = Request(APIRequestFactory().post("/", headers={"X-Forwarded-For": f"192.0.2.9, {address}"}))
        return RateLimit().allow_request(request, APIView())

    assert [allowed("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert allowed("192.0.2.2")


COUNT = """
import django
django.setup()
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView
from web import throttle
throttle.clock = lambda: 1_800_000_010.0
request = HttpRequest()
request.META["REMOTE_ADDR"] = "192.0.2.7"
print([throttle.RateLimit().allow_request(Request(request), APIView()) for _ in range(3)].count(True))
"""


def test_two_web_processes_share_the_count(valkey: Redis) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "SLIPWAY_ANONYMOUS_RATE_LIMIT": "4"}
    processes = [
        subprocess.Popen([sys.executable, "-c", COUNT], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert sum(int(process.communicate(timeout=120)[0]) for process in processes) == 4
