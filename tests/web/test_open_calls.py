"""Calls that stay open have a limit of their own for each person, beside the rate limit."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pytest_django.fixtures import Settings

from accounts.models import Team, User
from deployments.models import Release
from tests.conftest import until
from tests.factories.accounts import token_of
from tests.factories.deployments import checkout_target, new_release
from tests.web_process import web_process
from web import open_calls
from web.errors import TooManyRequests
from web.open_calls import kept_open


@pytest.fixture
def release(transactional_db: None, payments: Team) -> Release:
    """One that goes on."""
    return new_release(checkout_target(payments, "dev"))


@pytest.fixture
def url(release: Release, valkey: object) -> Iterator[str]:
    """Where releases are asked for."""
    with web_process() as port:
        yield f"http://localhost:{port}/api/v1/releases"


def stream_of(url: str, release: Release, token: str) -> httpx.Response:
    """An open timeline, or the refusal of one."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    client = httpx.Client(timeout=10, trust_env=False)
    return client.send(client.build_request("GET", f"{url}/{release.pk}/events/", headers=headers), stream=True)


def test_past_the_limit_of_open_calls_it_is_429_until_one_ends(
    url: str, release: Release, developer: User, viewer: User, settings: Settings
) -> None:
    settings.OPEN_CALLS_PER_PERSON = 2
    token, other = token_of(developer), token_of(viewer)
    first, second = stream_of(url, release, token), stream_of(url, release, token)
    assert (first.status_code, second.status_code) == (200, 200)

    refused = stream_of(url, release, token)
    waits = httpx.get(f"{url}/{release.pk}/wait/", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    for answer in (refused, waits):
        answer.read()
        assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert httpx.get(f"{url}/", headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200
    assert stream_of(url, release, other).status_code == 200

    first.close()
    until(lambda: stream_of(url, release, token).status_code == 200, seconds=20)


def test_what_ended_is_counted_no_more(settings: Settings) -> None:
    settings.OPEN_CALLS_PER_PERSON = 1
    with kept_open("ada"), pytest.raises(TooManyRequests), kept_open("ada"):
        pass
    with kept_open("ada"):
        pass
    assert "ada" not in open_calls._open
