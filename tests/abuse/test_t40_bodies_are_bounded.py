"""T40: nobody, signed in or not, makes the portal read, keep or nest more than it wants."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from accounts.models import User
from portal import body_limit
from portal.asgi import application
from tests.callers import ApiClient

MIB = 1024 * 1024


def portal() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost")


async def pieces(count: int, size: int = MIB, pause: float = 0) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(pause)
        yield b"x" * size


@pytest.mark.parametrize("path", ["/api/v1/teams/", "/sign-in/", "/nowhere/", "/healthz/live"])
async def test_t40_a_body_that_is_announced_too_large_is_not_read(path: str) -> None:
    async with portal() as client:
        answer = await client.post(path, content=pieces(3), headers={"Content-Length": str(1024 * MIB)})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_t40_a_body_that_grows_too_large_is_cut_off_and_kept_nowhere() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with portal() as client:
        answer = await client.post("/api/v1/teams/", content=pieces(200))
    assert answer.status_code == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "9" * 4000])
async def test_t40_a_length_that_is_no_number_is_refused(length: str) -> None:
    async with portal() as client:
        answer = await client.post("/sign-in/", content=pieces(1, 10), headers={"Content-Length": length})
    assert answer.status_code == 413


async def test_t40_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "BODY_SECONDS", 0.3)
    began = time.monotonic()
    async with portal() as client:
        answer = await client.post("/api/v1/teams/", content=pieces(100, 1, pause=0.1))
    assert answer.status_code == 408
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000, "[" * 33 + "]" * 33, '[{"a":[' * 500])
def test_t40_deep_nesting_is_refused_before_it_is_built(api: Callable[..., ApiClient], admin: User, body: str) -> None:
    answer = api(admin).post("/teams/", body, content_type="application/json")
    assert answer.status_code == 400


def test_t40_brackets_in_texts_are_no_nesting(api: Callable[..., ApiClient], admin: User) -> None:
    answer = api(admin).post("/teams/", {"name": "payments", "title": '[{"' * 60 + "\\"})
    assert answer.status_code == 201


def test_t40_a_body_that_is_too_large_for_the_parser_alone(api: Callable[..., ApiClient], admin: User) -> None:
    answer = api(admin).post("/teams/", b'"' + b"x" * MIB + b'"', content_type="application/json")
    assert answer.status_code == 413
