"""T30 and T28: a session lasts as long as its provider vouches; one rotation for however many ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import GroupRule, IdentityProvider, Membership, ProviderSession, Session, Team, User
from accounts.oidc import published, vouching
from accounts.tasks import look_at_sessions
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import token_of
from tests.oidc.provider import OpenIdProvider, new_provider, sign_in

REFRESHED, REFUSED = "token refresh_token 200", "token refresh_token 400"


def make_due(**values: object) -> None:
    ProviderSession.objects.update(due_at=timezone.now() - timedelta(seconds=1), **values)


def is_in(browser: Client) -> bool:
    return bool(browser.get("/settings/profile/").status_code == 200)


def test_t30_a_refresh_rotates_and_the_session_goes_on(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    first = ProviderSession.objects.get().refresh_token
    for _round in range(3):
        make_due()
        look_at_sessions()
    row = ProviderSession.objects.get()
    assert openid.counted(REFRESHED) == 3
    assert row.refresh_token != first
    assert row.due_at is not None
    assert timedelta(minutes=4) < row.due_at - timezone.now() < timedelta(minutes=6)
    assert is_in(anonymous)


def test_t30_what_is_not_due_is_not_asked_about(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    look_at_sessions()
    anonymous.get("/settings/profile/")
    assert openid.counted(REFRESHED) == 0


def test_t30_a_refused_refresh_ends_the_session_for_pages_api_and_htmx(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    openid.forget("alice")
    make_due()
    look_at_sessions()
    assert openid.counted(REFUSED) == 1
    assert anonymous.get("/settings/profile/")["Location"].startswith("/sign-in/?next=")
    assert anonymous.get("/api/v1/me/").status_code == 401
    assert anonymous.get("/settings/profile/", headers={"HX-Request": "true"}).status_code == 401
    assert not ProviderSession.objects.exists()
    entry = Entry.objects.get(action="session.end")
    assert entry.data == {"provider": "acme", "because": "refused by the provider"}


@pytest.mark.django_db(transaction=True)
def test_t30_parallel_refreshes_use_one_rotation(openid: OpenIdProvider, anonymous: Client) -> None:
    new_provider(openid)
    sign_in(anonymous, openid)
    openid.set(delay_ms=300)
    make_due()
    pk = ProviderSession.objects.get().pk

    def look() -> None:
        try:
            vouching.look(pk)
        finally:
            connections.close_all()

    lookers = [threading.Thread(target=look) for _number in range(8)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert openid.counted(REFRESHED) == 1
    assert openid.counted(REFUSED) == 0
    openid.set(delay_ms=0)
    make_due()
    look_at_sessions()
    assert openid.counted(REFRESHED) == 2
    assert is_in(anonymous)


def test_t30_a_request_asks_itself_where_beat_is_late_and_is_refused_there_and_then(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    openid.forget("alice")
    make_due()
    kept = anonymous.session
    kept["provider_look_at"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    kept.save()
    assert anonymous.get("/api/v1/me/").status_code == 401
    assert not Session.objects.exists()


def test_t30_a_silent_provider_is_borne_for_a_while_and_no_longer(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    openid.set(status=503)
    published.forget_all()
    make_due()
    look_at_sessions()
    row = ProviderSession.objects.get()
    assert row.unheard_since is not None
    assert is_in(anonymous)

    openid.set(status=0)
    published.forget_all()
    make_due()
    look_at_sessions()
    assert ProviderSession.objects.get().unheard_since is None
    assert openid.counted(REFRESHED) == 1

    openid.set(status=503)
    published.forget_all()
    make_due(unheard_since=timezone.now() - timedelta(minutes=16))
    look_at_sessions()
    assert not is_in(anonymous)
    assert Entry.objects.get(action="session.end").data["because"] == "the provider could not be asked"


def test_t30_one_silent_provider_costs_a_round_one_wait(openid: OpenIdProvider, acme: IdentityProvider) -> None:
    for _number in range(3):
        sign_in(Client(), openid)
    openid.kill()
    try:
        published.forget_all()
        make_due()
        assert vouching.sweep() == 1
    finally:
        openid.start()
    openid.reset()
    assert Session.objects.count() == 3


@pytest.mark.parametrize("fault", ["audience", "issuer", "key", "subject", "alg_none"])
def test_t30_a_refreshed_token_that_is_not_ours_ends_the_session(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, fault: str
) -> None:
    sign_in(anonymous, openid)
    openid.set(fault=fault)
    make_due()
    look_at_sessions()
    assert not is_in(anonymous)


def test_t30_a_wrong_client_secret_is_an_admins_mistake_and_ends_nothing_at_once(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    acme.secret = {"client_secret": "rotated over there"}
    acme.save()
    make_due()
    look_at_sessions()
    assert is_in(anonymous)


def test_t30_a_session_that_cannot_be_refreshed_ends_with_its_id_token_however_often_it_is_prolonged(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    openid.set(refreshes=False)
    sign_in(anonymous, openid)
    anonymous.post("/session/renew/")
    session = Session.objects.get()
    assert timedelta(minutes=14) < session.ends_at - timezone.now() <= timedelta(minutes=15)
    look_at_sessions()
    assert is_in(anonymous)
    make_due()
    look_at_sessions()
    assert not is_in(anonymous)


def test_t28_groups_that_change_there_change_rights_here_without_a_sign_in(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client, payments: Team
) -> None:
    GroupRule.objects.create(provider=acme, group="devs", team=payments, role="developer")
    openid.tell("alice", groups=["devs"])
    sign_in(anonymous, openid)
    token = token_of(User.objects.get(username="alice"))
    caller = ApiClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert caller.get("/teams/payments/").status_code == 200

    openid.tell("alice", groups=[])
    make_due()
    look_at_sessions()

    assert not Membership.objects.exists()
    assert caller.get("/teams/payments/").status_code == 404
    assert is_in(anonymous)


def test_t28_who_is_switched_off_there_is_out_here_with_sessions_and_tokens_until_they_are_back(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    caller = ApiClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(User.objects.get(username='alice'))}")
    assert caller.get("/me/").status_code == 200

    openid.forget("alice")
    make_due()
    look_at_sessions()

    assert not is_in(anonymous)
    assert caller.get("/me/").status_code == 401
    openid.tell("alice")
    sign_in(Client(), openid)
    assert caller.get("/me/").status_code == 200


def test_t28_tokens_end_some_days_after_the_last_sign_in(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    user = User.objects.get(username="alice")
    assert user.vouched_until is not None
    assert timedelta(days=29) < user.vouched_until - timezone.now() <= timedelta(days=30)
    caller = ApiClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
    User.objects.update(vouched_until=timezone.now() - timedelta(seconds=1))
    assert caller.get("/me/").status_code == 401


@pytest.mark.parametrize("how", ["patch", "delete"])
def test_t28_a_provider_that_is_switched_off_or_removed_ends_its_sessions_and_tokens_at_once(
    openid: OpenIdProvider,
    acme: IdentityProvider,
    anonymous: Client,
    admin: User,
    api: Callable[..., ApiClient],
    how: str,
) -> None:
    sign_in(anonymous, openid)
    caller = ApiClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(User.objects.get(username='alice'))}")
    body = {"is_active": False} if how == "patch" else None
    assert getattr(api(admin), how)("/identity-providers/acme/", body).status_code in {200, 204}
    assert not is_in(anonymous)
    assert caller.get("/me/").status_code == 401


def test_t28_who_is_switched_off_here_is_out_and_nobody_is_asked(
    openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client
) -> None:
    sign_in(anonymous, openid)
    User.objects.filter(username="alice").update(is_active=False)
    make_due()
    look_at_sessions()
    assert not is_in(anonymous)
    assert openid.counted(REFRESHED) == 0
