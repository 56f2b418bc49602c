"""T01, T21: what is answered before Django, the live stream, `wait/` and `events/`, asks for a caller just the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.conf import settings
from redis import Redis

from accounts.models import Team, User
from portal.asgi import ROUTES, application
from tests.callers import PageClient
from tests.factories.accounts import token_of
from tests.factories.deployments import checkout_target, new_release
from tests.factories.installs import new_install

ADDRESSES = [
    "/live/?topics=release:{id},services,audit",
    "/api/v1/releases/{id}/wait/?timeout=1",
    "/api/v1/releases/{id}/events/",
    "/api/v1/installs/{install}/events/",
]


@pytest.fixture
def ids(transactional_db: None, payments: Team) -> dict[str, str]:
    """Something to ask for at each address, by the name that stands for it there."""
    release = new_release(checkout_target(payments, "dev"), phase="Succeeded")
    return {"id": str(release.pk), "install": str(new_install().pk)}


@pytest.fixture
def portal(valkey: Redis) -> httpx.ASGITransport:
    return httpx.ASGITransport(application)


async def get(portal: Any, path: str, **headers: str) -> httpx.Response:
    accept = "application/json" if "/wait/" in path else "text/event-stream"
    async with httpx.AsyncClient(transport=portal, base_url="http://testserver", timeout=10) as caller:
        return await caller.get(path, headers={"Accept": accept, **headers})


def test_t01_every_raw_route_is_tried_here(ids: dict[str, str]) -> None:
    paths = [address.format(**ids).partition("?")[0] for address in ADDRESSES]
    assert [matches for matches, _app in ROUTES if not any(matches(path) for path in paths)] == []


@pytest.mark.parametrize("address", ADDRESSES)
async def test_t01_without_a_caller_nothing_is_streamed(portal: Any, ids: dict[str, str], address: str) -> None:
    path = address.format(**ids)
    forged = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=made-up"}
    for headers in ({}, {"Authorization": "Bearer slip_nothing"}, {"Authorization": "Basic YTpi"}, forged):
        answer = await get(portal, path, **headers)
        assert answer.status_code == 401, headers
        told = answer.text.replace(path, "").replace(path.partition("?")[0], "")
        assert not any(one in told for one in ids.values())


@pytest.mark.parametrize("address", ADDRESSES[1:])
async def test_t04_a_caller_of_another_team_finds_no_stream(
    portal: Any, ids: dict[str, str], stranger: User, raw_token: str, address: str
) -> None:
    answer = await get(portal, address.format(**ids), Authorization=f"Bearer {raw_token}")
    assert answer.status_code == 404


@pytest.fixture
def raw_token(stranger: User) -> str:
    return token_of(stranger)


@pytest.fixture
def foreign_session(transactional_db: None, stranger: User) -> str:
    return PageClient.of(stranger).cookies[settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize("address", ADDRESSES)
async def test_t21_a_session_from_a_foreign_origin_is_refused(
    portal: Any, ids: dict[str, str], foreign_session: str, address: str
) -> None:
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={foreign_session}", "Origin": "https://evil.example"}
    answer = await get(portal, address.format(**ids), **headers)
    assert answer.status_code in {401, 403, 404}
