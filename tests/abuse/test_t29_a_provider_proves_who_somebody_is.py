"""T29: a first sign-in takes over no account that is there, and an ID token counts only as what it was made for."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Identity, IdentityProvider, Session, User
from tests.factories.accounts import new_user
from tests.oidc.provider import OpenIdProvider, new_provider, sign_in


def nobody_came_in() -> bool:
    return not Session.objects.exists() and not Identity.objects.exists()


@pytest.mark.parametrize("name", ["alice", "Alice", "ALICE"])
def test_t29_an_account_of_that_name_is_not_taken_over(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, name: str
) -> None:
    new_user(name, password="correct horse battery", is_admin=True)
    answer = sign_in(anonymous, openid)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "There is an account alice here already, and nothing proves that it is yours." in page
    assert "sign in to it as before and link Acme under Profile" in page
    assert nobody_came_in()


def test_t29_an_account_with_that_address_is_not_taken_over_unless_an_admin_believes_the_addresses(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    User.objects.filter(pk=new_user("bob").pk).update(email="ALICE@example.com")

    sign_in(anonymous, openid)
    assert Identity.objects.get().user.username == "alice"

    Identity.objects.all().delete()
    User.objects.filter(username="alice").delete()
    IdentityProvider.objects.update(trust_email=True)
    sign_in(Client(), openid)
    assert Identity.objects.get().user.username == "bob"


@pytest.mark.parametrize("verified", [False, None, "false", "yes", 1])
def test_t29_an_address_that_is_not_verified_leads_nowhere(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, verified: object
) -> None:
    IdentityProvider.objects.update(trust_email=True, makes_people=False)
    User.objects.filter(pk=new_user("bob").pk).update(email="alice@example.com")
    openid.tell("alice", email_verified=verified)
    assert sign_in(anonymous, openid).status_code == 403
    assert nobody_came_in()


def test_t29_an_admin_s_account_or_one_of_two_is_not_found_by_its_address(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    IdentityProvider.objects.update(trust_email=True, makes_people=False)
    root = new_user("root", is_admin=True)
    User.objects.filter(pk=root.pk).update(email="alice@example.com")
    assert sign_in(anonymous, openid).status_code == 403
    User.objects.filter(pk=root.pk).update(is_admin=False, is_active=False)
    assert sign_in(Client(), openid).status_code == 403
    User.objects.filter(pk=root.pk).update(is_active=True)
    User.objects.filter(pk=new_user("twin").pk).update(email="alice@example.com")
    assert sign_in(Client(), openid).status_code == 403
    assert nobody_came_in()


def test_t29_the_same_subject_at_another_provider_is_another_person(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    openid.set(redirect_uris=["http://localhost:8000/sign-in/with/other/callback/"])
    new_provider(openid, name="other", title="Other")
    answer = sign_in(Client(), openid, path="/sign-in/with/other/")
    assert answer.status_code == 403
    assert Identity.objects.get().provider == acme


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("audience", "The ID token is for “another-client”, not for the client “slipway”."),
        ("authorized_party", "The ID token is for “another-client”, not for the client “slipway”."),
        ("issuer", "The ID token was issued by “https://elsewhere.example”, not by"),
        ("nonce", "The ID token was made for another sign-in: its nonce is not ours."),
        ("no_nonce", "The ID token was made for another sign-in: its nonce is not ours."),
        ("key", "The ID token is signed by none of the keys of Acme."),
        ("alg_none", "The signature of the ID token is of a kind that is not accepted"),
        ("hs256", "The signature of the ID token is of a kind that is not accepted"),
        ("garbage", "The signature of the ID token is of a kind that is not accepted"),
        ("expired", "The ID token expired at"),
    ],
)
def test_t29_a_token_that_is_not_for_this_sign_in_is_refused(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, fault: str, sentence: str
) -> None:
    openid.set(fault=fault)
    answer = sign_in(anonymous, openid)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    assert nobody_came_in()


def test_t29_a_token_of_an_earlier_sign_in_is_refused_when_it_is_replayed(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    assert sign_in(anonymous, openid).status_code == 303
    openid.set(fault="replay")
    answer = sign_in(Client(), openid)
    assert answer.status_code == 403
    assert "its nonce is not ours" in answer.content.decode()
    assert Session.objects.count() == 1


def test_t29_what_came_back_counts_once_and_only_in_the_browser_that_went_out(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    out = anonymous.get("/sign-in/with/acme/")
    back = openid.go(out["Location"]).removeprefix("http://localhost:8000")
    stranger = Client().get(back)
    assert stranger.status_code == 403
    assert "This sign-in was not begun in this browser" in stranger.content.decode()
    assert anonymous.get(back).status_code == 303
    anonymous.post("/sign-out/")
    assert anonymous.get(back).status_code == 403
    assert not Session.objects.exists()


def test_t29_a_code_without_the_verifier_of_its_sign_in_gives_nothing(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    """A stolen code is injected into the thief's own sign-in: PKCE ties it to the browser that began."""
    victim = openid.go(anonymous.get("/sign-in/with/acme/")["Location"])
    thief = Client()
    own = openid.go(thief.get("/sign-in/with/acme/")["Location"])
    code = victim.partition("code=")[2].partition("&")[0]
    mine = own.partition("code=")[2].partition("&")[0]
    answer = thief.get(own.removeprefix("http://localhost:8000").replace(mine, code))
    assert answer.status_code == 403
    assert "Acme refused: invalid_grant" in answer.content.decode()
    assert nobody_came_in()


def test_t29_an_answer_of_another_provider_is_refused(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    """The mix-up attack: `iss` says who answered."""
    back = openid.go(anonymous.get("/sign-in/with/acme/")["Location"]).removeprefix("http://localhost:8000")
    assert "&iss=" in back
    answer = anonymous.get(f"{back.partition('&iss=')[0]}&iss=https%3A%2F%2Fevil.example")
    assert answer.status_code == 403
    assert "The answer came from “https://evil.example”" in answer.content.decode()
    assert openid.counted("token authorization_code 200") == 0


def test_t29_a_switched_off_account_stays_out(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    User.objects.filter(username="alice").update(is_active=False)
    answer = sign_in(Client(), openid)
    assert answer.status_code == 403
    assert "The account alice is switched off." in answer.content.decode()
