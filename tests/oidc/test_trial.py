"""The test of a provider: the real flow, each check told, nobody signed in, nothing changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import GroupRule, Identity, IdentityProvider, Membership, Session, Team, User
from audit.models import Entry
from tests.factories.accounts import new_user
from tests.oidc.provider import OpenIdProvider, sign_in

Web = Callable[[User], Client]
OUT = "/settings/sign-in/acme/test/"
RESULT = "/settings/sign-in/acme/tested/"


def tried(browser: Client, openid: OpenIdProvider) -> str:
    """What the page says after the test."""
    answer = sign_in(browser, openid, path=OUT)
    assert (answer.status_code, answer["Location"]) == (302, RESULT)
    return str(browser.get(RESULT).content.decode())


def test_it_shows_every_check_the_claims_and_what_the_rules_would_give(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web, payments: Team
) -> None:
    GroupRule.objects.create(provider=acme, group="devs", team=payments, role="developer")
    openid.tell("alice", groups=["devs"], api_key="planted-claim")
    browser = web_client(admin)
    page = tried(browser, openid)
    assert "Signing in works" in page
    assert "The first sign-in makes the account alice." in page
    assert "developer in team payments, every environment" in page
    assert page.count('data-state="passed"') == 11
    assert "alice@example.com" in page
    assert "planted" not in page
    assert not Identity.objects.exists()
    assert not User.objects.filter(username="alice").exists()
    assert not Membership.objects.filter(role="developer", team=payments, user=admin).exists()
    assert browser.get("/api/v1/me/").json()["username"] == "ada"
    entry = Entry.objects.get()
    assert (entry.action, entry.after) == ("identity_provider.test", {"failed": ""})


def test_it_says_that_the_last_admin_would_stay_one(
    openid: OpenIdProvider, acme: IdentityProvider, web_client: Web
) -> None:
    GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    openid.tell("alice", groups=["root"])
    sign_in(Client(), openid)
    alice = User.objects.get(username="alice")

    openid.tell("alice", groups=[])
    page = tried(web_client(alice), openid)

    assert "admin stays, though no rule gives it" in page
    assert not Entry.objects.filter(action="user.keep_admin").exists()


@pytest.mark.parametrize(
    ("fault", "passed", "sentence"),
    [
        ("key", 4, "signed by none of the keys"),
        ("issuer", 5, "was issued by"),
        ("audience", 6, "is for “another-client”"),
        ("expired", 7, "expired at"),
        ("nonce", 8, "its nonce is not ours"),
    ],
)
def test_it_shows_the_check_that_failed_and_what_was_not_reached(
    openid: OpenIdProvider,
    acme: IdentityProvider,
    admin: User,
    web_client: Web,
    fault: str,
    passed: int,
    sentence: str,
) -> None:
    openid.set(fault=fault)
    page = tried(web_client(admin), openid)
    assert "Signing in would fail" in page
    assert sentence in page
    assert (page.count('data-state="passed"'), page.count('data-state="failed"')) == (passed, 1)
    assert page.count("not reached") == 10 - passed


def test_it_shows_that_a_name_is_taken_with_the_claims_that_say_so(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web
) -> None:
    new_user("alice")
    page = tried(web_client(admin), openid)
    assert "There is an account alice here already" in page
    assert (page.count('data-state="passed"'), page.count('data-state="failed"')) == (10, 1)
    assert "alice@example.com" in page


def test_a_provider_that_is_down_fails_the_first_check(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web
) -> None:
    openid.set(status=503)
    browser = web_client(admin)
    answer = browser.get(OUT)
    assert answer["Location"] == RESULT
    page = browser.get(RESULT).content.decode()
    assert "answered 503" in page
    assert page.count("not reached") == 10


def test_one_that_is_not_switched_on_yet_can_be_tested(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web
) -> None:
    IdentityProvider.objects.update(is_active=False)
    assert "Signing in works" in tried(web_client(admin), openid)


def test_it_sees_the_provider_as_it_is_now(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web
) -> None:
    sign_in(Client(), openid)
    before = openid.counted("discovery")
    tried(web_client(admin), openid)
    assert openid.counted("discovery") == before + 1


def test_it_is_for_admins(openid: OpenIdProvider, acme: IdentityProvider, maintainer: User, web_client: Web) -> None:
    browser = web_client(maintainer)
    assert browser.get(OUT).status_code == 403
    assert browser.get(RESULT).status_code == 403
    assert openid.counted("discovery") == 0


def test_what_was_begun_as_a_test_signs_nobody_in(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, web_client: Web
) -> None:
    browser = web_client(admin)
    back = openid.go(browser.get(OUT)["Location"]).removeprefix("http://localhost:8000")
    browser.logout()
    assert browser.get(back).status_code in {302, 403}
    assert not Session.objects.exists()
    assert browser.get("/settings/profile/").status_code == 302
