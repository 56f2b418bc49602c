"""Who has to have a second factor, and what somebody may do who has none yet: set it up, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.api_auth import user_for_session
from accounts.models import GroupRule, Identity, IdentityProvider, Session, SignInPolicy, User
from accounts.oidc.rules import apply_rules
from audit.models import Entry
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import authenticator_of, new_user, passkey_of, session_of

pytestmark = pytest.mark.django_db

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"


@pytest.fixture
def ana(valkey: object) -> User:
    return new_user("ana", password=PASSWORD)


@pytest.fixture
def everybody_must(db: None) -> None:
    SignInPolicy(require_second_factor="everybody").save()


def signed_in(name: str = "ana") -> Client:
    browser = Client()
    assert browser.post("/sign-in/", {"username": name, "password": PASSWORD}).status_code == 303
    return browser


@pytest.mark.usefixtures("everybody_must")
def test_who_lacks_one_is_led_to_set_it_up_and_may_do_nothing_else(ana: User) -> None:
    browser = signed_in()

    assert browser.get("/services/")["Location"] == "/settings/security/"
    assert browser.post("/settings/tokens/", {"name": "ci"})["Location"] == "/settings/security/"
    assert not ana.tokens.exists()
    page = browser.get("/settings/security/").content.decode()
    assert "Before anything else: set up a second factor." in page
    fragment = browser.get("/services/?fragment=list", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (403, "/settings/security/")


@pytest.mark.usefixtures("everybody_must")
def test_rest_by_such_a_session_and_its_streams_are_refused_and_tokens_go_on(ana: User, api: Api) -> None:
    machine, browser = api(ana), signed_in()

    refused = browser.get("/api/v1/me/")

    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["type"].endswith("second_factor_required")
    assert user_for_session(browser.session.session_key) is None
    assert machine.get("/me/").status_code == 200


@pytest.mark.usefixtures("everybody_must")
def test_a_made_up_authorization_header_opens_no_page(ana: User) -> None:
    assert signed_in().get("/services/", headers={"Authorization": "Bearer slip_x"}).status_code == 302
    assert signed_in().get("/api/v1/me/", headers={"Authorization": "Bearer slip_x"}).status_code == 401


@pytest.mark.usefixtures("everybody_must")
def test_with_one_everything_opens_at_once(ana: User) -> None:
    browser = signed_in()
    assert browser.get("/services/").status_code == 302

    passkey_of(ana)

    assert browser.get("/services/").status_code == 200
    assert user_for_session(browser.session.session_key) == ana


@pytest.mark.usefixtures("everybody_must")
def test_the_last_one_cannot_be_removed(ana: User) -> None:
    passkey = passkey_of(ana)
    browser = PageClient.of(ana)
    browser.post("/settings/security/confirm/", {"password": PASSWORD})

    answer = browser.post(f"/settings/security/passkeys/{passkey.pk}/remove/")

    assert answer.status_code == 409
    assert "Add another one first." in answer.content.decode()
    assert ana.passkeys.exists()
    assert not Entry.objects.filter(action="passkey.remove").exists()


def test_what_is_wanted_of_admins_is_not_wanted_of_others(ana: User) -> None:
    SignInPolicy(require_second_factor="admins").save()
    new_user("boss", password=PASSWORD, is_admin=True)

    assert signed_in("ana").get("/services/").status_code == 200
    assert signed_in("boss").get("/services/").status_code == 302


def test_who_becomes_an_admin_signs_in_again_where_admins_need_one(ana: User, admin: User, web_client: Web) -> None:
    SignInPolicy(require_second_factor="admins").save()
    browser = signed_in()

    web_client(admin).post("/settings/users/ana/", {"email": "", "is_active": "on", "is_admin": "on"})

    assert browser.get("/services/")["Location"].startswith("/sign-in/")


def test_whom_a_group_makes_an_admin_signs_in_again_as_well(ana: User) -> None:
    SignInPolicy(require_second_factor="admins").save()
    acme = IdentityProvider.objects.create(name="acme", title="Acme", issuer="https://acme.example", client_id="x")
    GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    browser = signed_in()

    apply_rules(Identity.objects.create(provider=acme, subject="1", user=ana), ["root"])

    assert User.objects.get(pk=ana.pk).is_admin
    assert browser.get("/settings/profile/").status_code == 302


def test_asking_for_it_signs_out_who_lacks_one_and_nobody_else(ana: User, web_client: Web) -> None:
    boss = new_user("boss", password=PASSWORD, is_admin=True)
    safe = new_user("safe", password=PASSWORD)
    authenticator_of(safe)
    session_of(safe)
    session_of(new_user("olga"), way="oidc", provider="acme")
    hers, his = signed_in("ana"), signed_in("boss")

    answer = his.post("/settings/sign-in-rules/", {"require_second_factor": "everybody"})

    assert answer.status_code == 303
    assert hers.get("/services/")["Location"].startswith("/sign-in/")
    assert set(Session.objects.values_list("user__username", flat=True)) == {"boss", "safe", "olga"}
    # The admin who asked goes on in this session, and is led to set it up as well.
    assert his.get("/services/")["Location"] == "/settings/security/"
    entry = Entry.objects.get(action="sign_in_policy.edit")
    assert (entry.actor, entry.before, entry.after) == (
        boss.username,
        {"require_second_factor": "nobody"},
        {"require_second_factor": "everybody"},
    )


def test_what_a_provider_vouched_for_follows_the_providers_rules(ana: User, web_client: Web) -> None:
    SignInPolicy(require_second_factor="everybody").save()

    assert web_client(new_user("olga")).get("/services/").status_code == 200


def test_rest_shows_and_changes_the_rules_for_admins(admin: User, api: Api) -> None:
    caller = api(admin)
    shown = caller.get("/sign-in-policy/")
    assert shown.json() == {"require_second_factor": "nobody"}

    stale = caller.patch("/sign-in-policy/", {"require_second_factor": "admins"}, HTTP_IF_MATCH='"7"')
    fresh = caller.patch("/sign-in-policy/", {"require_second_factor": "admins"}, HTTP_IF_MATCH=shown["ETag"])

    assert (stale.status_code, fresh.status_code) == (412, 200)
    assert fresh.json() == {"require_second_factor": "admins"}
    assert fresh["ETag"] != shown["ETag"]
    assert caller.patch("/sign-in-policy/", {"require_second_factor": "cats"}).status_code == 422
    assert Entry.objects.filter(action="sign_in_policy.edit").count() == 1


def test_nobody_else_sees_or_changes_them(maintainer: User, api: Api, web_client: Web) -> None:
    assert api(maintainer).get("/sign-in-policy/").status_code == 403
    assert api(maintainer).patch("/sign-in-policy/", {"require_second_factor": "nobody"}).status_code == 403
    assert web_client(maintainer).get("/settings/sign-in-rules/").status_code == 403
    assert web_client(maintainer).post("/settings/sign-in-rules/", {}).status_code == 403
