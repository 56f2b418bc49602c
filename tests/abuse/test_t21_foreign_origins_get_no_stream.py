"""T21: a page of another origin reads no stream with a person's cookie; streams need a session or a token."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.conf import settings

from accounts.models import User
from tests.abuse.test_t01_raw_streams_are_refused import ADDRESSES, get, ids, portal
from tests.callers import PageClient

__all__ = ["ids", "portal"]

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:8443"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.fixture
def cookie(transactional_db: None, admin: User) -> str:
    """Of somebody who may read all of them."""
    return "; ".join(f"{one.key}={one.value}" for one in PageClient.of(admin).cookies.values())


@pytest.mark.parametrize("address", [address for address in ADDRESSES if "/wait/" not in address])
@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
async def test_t21_a_foreign_page_reads_no_stream(
    portal: httpx.ASGITransport, ids: dict[str, str], cookie: str, address: str, foreign: dict[str, str]
) -> None:
    path = address.format(**ids)
    answer = await get(portal, path, Cookie=cookie, **foreign)
    assert answer.status_code == 403
    assert not any(one in answer.text.replace(path, "") for one in ids.values())


async def test_t21_a_long_poll_is_answered_without_leave_for_other_origins_to_read_it(
    portal: httpx.ASGITransport, ids: dict[str, str], cookie: str
) -> None:
    """It is a plain GET: what keeps its answer from a foreign page is that no header gives it away."""
    path = f"/api/v1/releases/{ids['id']}/wait/?timeout=1"
    answer = await get(portal, path, Cookie=cookie, Origin="https://evil.example")
    assert answer.status_code in {200, 403}
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_t21_the_cookie_is_not_sent_along_from_other_sites() -> None:
    settings_of_cookie: dict[str, Any] = {
        "SameSite": settings.SESSION_COOKIE_SAMESITE,
        "HttpOnly": settings.SESSION_COOKIE_HTTPONLY,
    }
    assert settings_of_cookie == {"SameSite": "Lax", "HttpOnly": True}
