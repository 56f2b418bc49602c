"""Clocks that differ, keys that rotate, a provider that is slow, broken, redirecting or gone."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from accounts.models import IdentityProvider, Session
from accounts.oidc import published
from tests.oidc.provider import OpenIdProvider, new_provider, sign_in


@pytest.mark.parametrize("seconds", [175, -175, 60, -60])
def test_clocks_may_differ_by_three_minutes(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, seconds: int
) -> None:
    openid.set(offset_seconds=seconds)
    assert sign_in(anonymous, openid).status_code == 303


@pytest.mark.parametrize(("seconds", "direction"), [(600, "10 minutes after"), (-600, "10 minutes before")])
def test_clocks_that_differ_by_more_are_named_with_both_times(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, seconds: int, direction: str
) -> None:
    openid.set(offset_seconds=seconds)
    answer = sign_in(anonymous, openid)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The clocks differ: Acme issued the ID token at" in page
    assert f"{direction} this machine" in page
    assert "Set both clocks by NTP" in page
    assert not Session.objects.exists()


def test_keys_rotate_and_nobody_notices(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(anonymous, openid).status_code == 303
    assert sign_in(Client(), openid).status_code == 303
    assert openid.counted("jwks") == 1

    openid.rotate_keys()
    later = time.monotonic() + published.AGAIN_SECONDS
    monkeypatch.setattr(published, "clock", lambda: later)

    assert sign_in(Client(), openid).status_code == 303
    assert openid.counted("jwks") == 2


def test_a_wrong_client_secret_says_what_to_compare(openid: OpenIdProvider, anonymous: Client, db: None) -> None:
    row = new_provider(openid)
    row.secret = {"client_secret": "wrong-client-secret"}
    row.save()
    answer = sign_in(anonymous, openid)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Acme refused: invalid_client" in page
    assert "compare client ID and client secret" in page
    assert "wrong-client-secret" not in page


@pytest.mark.parametrize(
    ("status", "said"), [(500, "answered 500"), (302, "answers with a redirect"), (200, "no JSON")]
)
def test_what_is_no_provider_is_told_so(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, status: int, said: str
) -> None:
    openid.set(status=status)
    answer = anonymous.get("/sign-in/with/acme/")
    assert answer.status_code == 503
    assert said in answer.content.decode()


def test_one_that_is_gone_is_told_so_and_works_again_when_it_is_back(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(published, "clock", lambda: now)
    openid.kill()
    try:
        answer = anonymous.get("/sign-in/with/acme/")
        assert answer.status_code == 503
        assert "does not answer" in answer.content.decode()
    finally:
        openid.start()
    openid.reset()
    # For some seconds it is not asked again.
    assert anonymous.get("/sign-in/with/acme/").status_code == 503
    monkeypatch.setattr(published, "clock", lambda: now + published.SILENT_SECONDS)
    assert sign_in(anonymous, openid).status_code == 303


def test_it_goes_away_between_out_and_back(openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client) -> None:
    back = openid.go(anonymous.get("/sign-in/with/acme/")["Location"]).removeprefix("http://localhost:8000")
    openid.set(status=502)
    answer = anonymous.get(back)
    assert answer.status_code == 503
    assert "/token answered 502" in answer.content.decode()


def test_an_address_that_is_not_allowed_is_not_asked(openid: OpenIdProvider, anonymous: Client, db: None) -> None:
    new_provider(openid, allow_private_address=False)
    answer = anonymous.get("/sign-in/with/acme/")
    assert answer.status_code == 503
    assert "only https addresses are asked" in answer.content.decode()
    new_provider(openid, name="local", issuer="https://127.0.0.1:1", allow_private_address=False)
    answer = anonymous.get("/sign-in/with/local/")
    assert "127.0.0.1 is a private or loopback address" in answer.content.decode()
    assert openid.counted("discovery") == 0


def test_a_missing_user_name_names_the_claim(openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client) -> None:
    IdentityProvider.objects.update(username_claim="nickname")
    answer = sign_in(anonymous, openid)
    assert answer.status_code == 403
    assert "has the claim “nickname” with a user name" in answer.content.decode()


@pytest.mark.parametrize("name", ["../../etc", "<img src=x>", "a b", "-x", "x" * 200, "ä"])
def test_a_name_that_cannot_be_one_here_is_refused_and_inert(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, name: str
) -> None:
    openid.tell("alice", preferred_username=name)
    answer = sign_in(anonymous, openid)
    assert answer.status_code == 403
    assert "which cannot be a user name here" in answer.content.decode()
    assert "<img src=x>" not in answer.content.decode()
