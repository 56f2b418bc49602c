"""Signing in by a provider, against a real one."""

from __future__ import annotations

from django.test import Client

from accounts.models import Identity, IdentityProvider, ProviderSession, Session, User
from audit.models import Entry
from tests.factories.accounts import new_user
from tests.oidc.provider import OpenIdProvider, sign_in


def test_the_first_sign_in_makes_an_account_and_comes_back_to_where_it_began(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    page = anonymous.get("/sign-in/?next=/settings/tokens/").content.decode()
    assert 'href="/sign-in/with/acme/?next=/settings/tokens/"' in page
    assert "Sign in with Acme" in page

    answer = sign_in(anonymous, openid, next="/settings/tokens/")

    assert (answer.status_code, answer["Location"]) == (303, "/settings/tokens/")
    assert anonymous.get("/settings/tokens/").status_code == 200
    user = User.objects.get(username="alice")
    assert (user.email, user.is_admin, user.has_usable_password()) == ("alice@example.com", False, False)
    identity = Identity.objects.get()
    assert (identity.user, identity.subject, identity.called) == (user, "alice", "alice")
    session = Session.objects.get()
    assert (session.way, session.provider) == ("oidc", "acme")
    actions = list(Entry.objects.order_by("at").values_list("action", flat=True))
    assert actions == ["user.create", "identity.link", "session.begin"]


def test_the_second_sign_in_is_the_same_person_whatever_they_are_called_now(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    openid.tell("alice", preferred_username="alice-married", email="new@example.com")

    assert sign_in(Client(), openid).status_code == 303

    assert Identity.objects.get().called == "alice-married"
    assert User.objects.get().username == "alice"


def test_what_the_provider_gave_is_kept_sealed_and_without_the_access_token(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    row = ProviderSession.objects.get()
    assert row.refresh_token
    assert set(row.tokens) == {"refresh_token", "id_token"}
    stored = ProviderSession.objects.values("tokens").get()["tokens"]
    assert row.refresh_token not in stored


def test_claims_may_stand_in_the_id_token_alone(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    openid.set(thin=False)
    assert sign_in(anonymous, openid).status_code == 303
    assert openid.counted("userinfo") == 0


def test_next_leads_nowhere_else(openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client) -> None:
    assert sign_in(anonymous, openid, next="https://evil.example/")["Location"] == "/"
    assert sign_in(Client(), openid, next="//evil.example/")["Location"] == "/"


def test_who_declines_there_is_told_so_and_can_begin_again(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    openid.set(who=None)
    answer = sign_in(anonymous, openid, next="/audit/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Acme did not sign you in: access_denied: not today." in page
    assert "/sign-in/with/acme/?next=/audit/" in page
    assert answer["X-Request-Id"] in page


def test_a_provider_that_is_down_is_named_and_nobody_waits(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    openid.set(status=503)
    answer = anonymous.get("/sign-in/with/acme/")
    assert answer.status_code == 503
    assert "Acme cannot be asked: " in answer.content.decode()
    assert "answered 503" in answer.content.decode()


def test_one_that_is_switched_off_is_no_way_in(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    IdentityProvider.objects.update(is_active=False)
    assert "Acme" not in anonymous.get("/sign-in/").content.decode()
    assert anonymous.get("/sign-in/with/acme/").status_code == 403


def test_an_issuer_that_calls_itself_otherwise_is_refused(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    IdentityProvider.objects.update(issuer=f"{acme.issuer}/")
    answer = anonymous.get("/sign-in/with/acme/")
    assert answer.status_code == 403
    assert "Enter the issuer exactly as the provider states it" in answer.content.decode()


def test_people_without_an_account_are_refused_where_it_makes_none(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    IdentityProvider.objects.update(makes_people=False)
    answer = sign_in(anonymous, openid)
    assert answer.status_code == 403
    assert "No account here is linked to alice at Acme." in answer.content.decode()
    entry = Entry.objects.get()
    assert (entry.action, entry.data["called"]) == ("session.refuse", "alice")


def test_the_local_form_can_be_hidden_and_stays_reachable(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, settings: object
) -> None:
    settings.HIDE_LOCAL_SIGN_IN = True  # type: ignore[attr-defined]
    new_user("ada", password="correct horse battery")
    assert 'name="password"' not in anonymous.get("/sign-in/").content.decode()
    assert 'name="password"' in anonymous.get("/sign-in/local/").content.decode()
    IdentityProvider.objects.update(is_active=False)
    assert 'name="password"' in anonymous.get("/sign-in/").content.decode()


def test_signing_out_shows_the_way_to_sign_out_there_as_well(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    answer = anonymous.post("/sign-out/")
    assert answer["Location"] == "/signed-out/"
    page = anonymous.get("/signed-out/").content.decode()
    assert f"{openid.issuer}/session/end?id_token_hint=" in page
    assert "Sign out of Acme as well" in page
    assert not ProviderSession.objects.exists()
    assert anonymous.get("/settings/profile/").status_code == 302
