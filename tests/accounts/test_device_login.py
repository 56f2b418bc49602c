"""`slipway login`: a program asks, a person allows it in the browser, the program collects its token once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.commands.device_logins import (
    MOST_FROM_ONE_ADDRESS,
    MOST_GUESSES,
    allow_device_login,
    forget_device_logins,
)
from accounts.models import DeviceGuess, DeviceLogin, Token, User
from audit.models import Entry
from tests.callers import ApiClient
from web.errors import Invalid

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def asked(api: Api, **body: Any) -> dict[str, Any]:
    """What a program keeps after it has asked."""
    answer = api().post("/auth/device/", {"client": "slipway CLI on build-7", **body})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def collected(api: Api, device: dict[str, Any]) -> Any:
    return api().post("/auth/device/token/", {"device_code": device["device_code"]})


def word(answer: Any) -> str:
    """The word of RFC 8628 in a refusal."""
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    return str(answer.json()["error"])


def patient(device: dict[str, Any]) -> None:
    """As if the interval had passed since the program asked last."""
    DeviceLogin.objects.update(polled_at=timezone.now() - timedelta(seconds=60))


def test_a_program_that_was_allowed_gets_an_ordinary_token_once(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api, scopes=["deploy", "read"])
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", device["user_code"])
    assert device["verification_uri_complete"].endswith(f"/device/?code={device['user_code']}")
    assert word(collected(api, device)) == "authorization_pending"

    browser = web_client(developer)
    page = browser.post("/device/", {"code": device["user_code"].lower().replace("-", " ")}).content.decode()
    assert "slipway CLI on build-7" in page
    assert "127.0.0.1" in page
    answer = browser.post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "8h"})
    assert answer.status_code == 303

    given = collected(api, device).json()
    assert (given["token_type"], given["scope"], given["user"]) == ("Bearer", "deploy", "dev")
    assert given["expires_in"] == 8 * 3600
    token = Token.objects.get(pk=given["token_id"])
    assert (token.user, token.name, token.scopes) == (developer, "slipway CLI on build-7", ["deploy"])
    assert timedelta(hours=7, minutes=59) < token.expires_at - timezone.now() <= timedelta(hours=8)
    me = ApiClient()
    me.credentials(HTTP_AUTHORIZATION=f"Bearer {given['access_token']}")
    shown = me.get("/me/").json()["token"]
    assert (shown["name"], shown["scopes"]) == ("slipway CLI on build-7", ["deploy"])
    assert word(collected(api, device)) == "expired_token"
    assert [entry.action for entry in Entry.objects.order_by("at")] == ["device_login.allow", "token.create"]
    assert {entry.actor for entry in Entry.objects.all()} == {"dev"}


def test_it_lasts_no_longer_than_tokens_may_here(api: Api, web_client: Browser, developer: User, settings: Any) -> None:
    settings.TOKEN_MAX_DAYS = 7
    device, browser = asked(api), web_client(developer)
    page = browser.post("/device/", {"code": device["user_code"]}).content.decode()
    assert "7 days" in page and "30 days" not in page
    form = {"code": device["user_code"], "scopes": ["deploy"]}
    assert browser.post("/device/allow/", {**form, "lasts": "30d"}).status_code == 422
    with pytest.raises(Invalid):
        allow_device_login(developer, DeviceLogin.objects.get(), scopes=["deploy"], lasts=timedelta(days=30))
    assert browser.post("/device/allow/", {**form, "lasts": "7d"}).status_code == 303
    assert collected(api, device).status_code == 200


def test_neither_code_nor_token_is_stored(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    web_client(developer).post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "30d"})
    raw = collected(api, device).json()["access_token"]

    kept = str(list(DeviceLogin.objects.values())) + str(list(Token.objects.values()))
    kept += str([(entry.before, entry.after, entry.data) for entry in Entry.objects.all()])
    assert device["device_code"] not in kept
    assert raw not in kept


def test_a_refused_program_is_told(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    assert web_client(developer).post("/device/refuse/", {"code": device["user_code"]}).status_code == 303
    assert word(collected(api, device)) == "access_denied"
    assert not Token.objects.exists()
    assert Entry.objects.get().action == "device_login.refuse"


def test_what_was_decided_is_not_decided_again(api: Api, web_client: Browser, developer: User, viewer: User) -> None:
    device = asked(api)
    browser, other = web_client(developer), web_client(viewer)
    browser.post("/device/refuse/", {"code": device["user_code"]})

    late = other.post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "30d"})

    assert late.status_code == 422
    assert word(collected(api, device)) == "access_denied"


def test_asking_too_often_slows_the_program_down(api: Api, db: None) -> None:
    device = asked(api)
    assert word(collected(api, device)) == "authorization_pending"
    assert word(collected(api, device)) == "slow_down"
    assert DeviceLogin.objects.get().interval_seconds == device["interval"] + 5
    patient(device)
    assert word(collected(api, device)) == "authorization_pending"


def test_after_ten_minutes_the_code_is_nothing(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    assert device["expires_in"] == 600
    DeviceLogin.objects.update(expires_at=timezone.now())

    assert web_client(developer).post("/device/", {"code": device["user_code"]}).status_code == 422
    assert word(collected(api, device)) == "expired_token"


def test_one_that_was_allowed_in_time_and_collects_too_late_gets_nothing(
    api: Api, web_client: Browser, developer: User
) -> None:
    device = asked(api)
    web_client(developer).post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "30d"})
    DeviceLogin.objects.update(expires_at=timezone.now())

    assert word(collected(api, device)) == "expired_token"
    assert not Token.objects.exists()


def test_whoever_was_switched_off_meanwhile_lends_nothing(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    web_client(developer).post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "30d"})
    User.objects.filter(pk=developer.pk).update(is_active=False)

    assert word(collected(api, device)) == "access_denied"
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "lasts"),
    [
        ([], "30d"),  # none at all would be every one
        (["deploy", "admin"], "30d"),  # more than was asked for
        (["deploy"], "365d"),
        (["deploy"], ""),
    ],
)
def test_it_is_allowed_within_what_it_asked_for_and_a_month(
    api: Api, web_client: Browser, developer: User, chosen: list[str], lasts: str
) -> None:
    device = asked(api)

    answer = web_client(developer).post(
        "/device/allow/", {"code": device["user_code"], "scopes": chosen, "lasts": lasts}
    )

    assert answer.status_code == 422
    assert "slipway CLI on build-7" in answer.content.decode()
    assert DeviceLogin.objects.get().state == "pending"


def test_the_link_fills_the_code_in_and_decides_nothing(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    page = web_client(developer).get("/device/", {"code": device["user_code"]}).content.decode()
    assert f'value="{device["user_code"]}"' in page
    assert "build-7" not in page
    assert DeviceLogin.objects.get().state == "pending"


def test_who_is_not_signed_in_comes_back_with_the_code(api: Api, anonymous: Client, db: None) -> None:
    answer = anonymous.get("/device/", {"code": "WDJB-MJHT"})
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=%2Fdevice%2F%3Fcode%3DWDJB-MJHT"


def test_user_codes_cannot_be_tried_through(api: Api, web_client: Browser, developer: User, viewer: User) -> None:
    device = asked(api)
    browser = web_client(developer)
    wrong = ["BBBBBBBB", "", "BBBB-BBB", "AAAAAAAA", "' OR 1=1", "0" * 20]
    for number in range(MOST_GUESSES):
        assert browser.post("/device/", {"code": wrong[number % len(wrong)] or "x"}).status_code == 422

    answer = browser.post("/device/", {"code": device["user_code"]})

    assert answer.status_code == 422
    assert "Too many codes were tried" in answer.content.decode()
    assert web_client(viewer).post("/device/", {"code": device["user_code"]}).status_code == 200


def test_right_codes_use_up_nothing(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    browser = web_client(developer)
    for _ in range(MOST_GUESSES + 3):
        assert browser.post("/device/", {"code": device["user_code"]}).status_code == 200
    assert not DeviceGuess.objects.exists()


def test_one_address_cannot_fill_the_table(api: Api, db: None) -> None:
    for _ in range(MOST_FROM_ONE_ADDRESS):
        asked(api)
    answer = api().post("/auth/device/", {})
    assert answer.status_code == 429
    assert answer["Retry-After"] == "600"


def test_an_unknown_scope_is_refused_at_once(api: Api, db: None) -> None:
    answer = api().post("/auth/device/", {"scopes": ["everything"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/scopes"


def test_a_hostile_name_is_text_and_has_no_control_characters(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api, client="<img src=x onerror=alert(1)>\x1b[2J" + "x" * 90)
    page = web_client(developer).post("/device/", {"code": device["user_code"]}).content.decode()
    assert "<img src=x" not in page
    assert "\x1b" not in page


def test_a_foreign_site_cannot_allow(api: Api, developer: User, db: None) -> None:
    device = asked(api)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(developer, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post("/device/allow/", {"code": device["user_code"], "scopes": ["deploy"], "lasts": "30d"})
    assert answer.status_code == 403
    assert DeviceLogin.objects.get().state == "pending"


def test_a_token_that_comes_along_changes_nothing(api: Api, db: None) -> None:
    stale = ApiClient()
    stale.credentials(HTTP_AUTHORIZATION="Bearer slip_gone")
    assert stale.post("/auth/device/", {}).status_code == 200


def test_the_decision_asks_as_often_however_many_wait(api: Api, web_client: Browser, developer: User) -> None:
    device = asked(api)
    browser = web_client(developer)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.post("/device/", {"code": device["user_code"]}).status_code == 200
        return len(captured)

    alone = statements()
    for _ in range(12):
        asked(api)
    assert statements() == alone <= 12


def test_what_is_over_is_forgotten(api: Api, developer: User, db: None) -> None:
    asked(api)
    DeviceGuess.objects.create(user=developer)
    assert forget_device_logins() == 0
    long_ago = timezone.now() - timedelta(days=2)
    DeviceLogin.objects.update(created_at=long_ago)
    DeviceGuess.objects.update(at=long_ago)
    assert forget_device_logins() == 1
    assert not DeviceGuess.objects.exists()
