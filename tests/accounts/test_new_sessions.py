"""Nobody fills the table of sessions by beginning sign-ins."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session as Carrier
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from accounts.tasks import forget_sessions
from tests.factories.accounts import new_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def few(valkey: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three new sessions a minute, in the middle of one."""
    settings.BEGUN_SIGN_INS_PER_MINUTE = 3
    monkeypatch.setattr("web.throttle.clock", lambda: 1_800_000_010.0)


def asks_for_a_challenge(browser: Client) -> int:
    answer = browser.post("/sign-in/passkey/options/", {"for": "sign-in"}, headers={"host": "localhost"})
    return answer.status_code


def comes_too_late(browser: Client) -> int:
    """The page of the second step, of whom no password was asked: a message for the next page."""
    return browser.get("/sign-in/second/").status_code


@pytest.mark.parametrize("way", [asks_for_a_challenge, comes_too_late])
def test_of_one_address_only_so_many_are_kept(way: object) -> None:
    statuses = [way(Client(REMOTE_ADDR="192.0.2.1")) for _ in range(6)]  # type: ignore[operator]

    assert statuses[3:] == [429] * 3 and 429 not in statuses[:3]
    assert Carrier.objects.count() == 3
    assert way(Client(REMOTE_ADDR="192.0.2.2")) == statuses[0]  # type: ignore[operator]


def test_who_is_refused_is_told_when_to_try_again() -> None:
    for _ in range(3):
        comes_too_late(Client())
    refused = Client().get("/sign-in/second/")
    assert (refused.status_code, refused["Retry-After"]) == (429, "50")
    assert "Wait a minute" in refused.content.decode()
    assert not refused.cookies.get("sessionid")


def test_one_browser_goes_on_with_the_session_that_it_has() -> None:
    browser = Client()
    assert [asks_for_a_challenge(browser) for _ in range(6)] == [200] * 6
    assert Carrier.objects.count() == 1


def test_signing_in_by_a_password_is_not_counted() -> None:
    new_user("ana", password=PASSWORD)
    browsers = [Client() for _ in range(5)]
    answers = [browser.post("/sign-in/", {"username": "ana", "password": PASSWORD}) for browser in browsers]
    assert [answer.status_code for answer in answers] == [303] * 5


def test_what_was_given_up_lasts_minutes_and_is_cleared() -> None:
    asks_for_a_challenge(Client())
    comes_too_late(Client())
    assert Carrier.objects.filter(expire_date__lte=timezone.now() + timedelta(minutes=10)).count() == 2

    forget_sessions()
    assert Carrier.objects.count() == 2
    Carrier.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    forget_sessions()
    assert not Carrier.objects.exists()
