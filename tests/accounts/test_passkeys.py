"""Passkeys: made, used alone or after a password, and every answer that is not quite right refused.

The ceremonies in a real browser: tests/pages/test_passkeys.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from fido2.utils import websafe_encode
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.factors import passkeys
from accounts.models import Passkey, RecoveryCode, Session, User
from audit.models import Entry
from tests.accounts.device import USER_PRESENT, USER_VERIFIED, Device
from tests.callers import PageClient
from tests.factories.accounts import authenticator_of, new_user

pytestmark = pytest.mark.django_db

Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"


@pytest.fixture
def ana(valkey: object) -> User:
    return new_user("ana", password=PASSWORD)


@pytest.fixture
def device(ana: User) -> Device:
    """A device that keeps a passkey of ana."""
    made = Device()
    assert keep(settings_of(ana), made).status_code in {201, 303}
    return made


def settings_of(user: User) -> Client:
    """A browser in which that person has just shown again who they are."""
    browser = PageClient.of(user)
    assert browser.post("/settings/security/confirm/", {"password": PASSWORD}).status_code == 303
    return browser


def options(browser: Client, purpose: str) -> dict[str, Any]:
    answer = browser.post("/sign-in/passkey/options/", {"for": purpose})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def keep(browser: Client, device: Device, name: str = "laptop", **wrong: Any) -> Any:
    answer = device.make(options(browser, "make"), **wrong)
    return browser.post("/settings/security/passkeys/add/", {"name": name, "credential": answer})


def sign_in(device: Device, browser: Client | None = None, **wrong: Any) -> bool:
    """Try to sign in with a passkey alone; whether it worked."""
    browser = browser or Client()
    answer = device.prove(options(browser, "sign-in"), **wrong)
    browser.post("/sign-in/passkey/", {"credential": answer, "next": "/services/"})
    return browser.get("/settings/profile/").status_code == 200


def test_making_one_takes_a_challenge_and_gives_recovery_codes(ana: User) -> None:
    browser = settings_of(ana)
    asked = options(browser, "make")
    assert asked["rp"] == {"id": "testserver", "name": "Slipway"}
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["user"]["id"] == websafe_encode(ana.pk.bytes)

    answer = keep(browser, Device())

    assert answer.status_code == 201
    assert RecoveryCode.objects.filter(user=ana).count() == 10
    assert (Passkey.objects.get().name, Passkey.objects.get().host) == ("laptop", "testserver")
    assert Entry.objects.get(action="passkey.add").actor == "ana"


def test_alone_it_signs_in_and_leads_where_one_wanted_to_go(ana: User, device: Device) -> None:
    browser = Client()
    asked = options(browser, "sign-in")
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")

    answer = browser.post("/sign-in/passkey/", {"credential": device.prove(asked), "next": "/services/"})

    assert (answer.status_code, answer["Location"]) == (303, "/services/")
    assert Session.objects.get().way == "passkey"
    assert Passkey.objects.get().last_used_at is not None
    assert Entry.objects.filter(action="session.begin").get().data["way"] == "passkey"


def test_after_a_password_it_is_asked_for_and_works(ana: User, device: Device) -> None:
    browser = Client()
    assert browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})["Location"] == "/sign-in/second/"
    asked = options(browser, "second")
    assert [one["id"] for one in asked["allowCredentials"]] == [websafe_encode(device.credential_id)]

    assert browser.post("/sign-in/second/", {"credential": device.prove(asked)})["Location"] == "/"

    assert Session.objects.get().way == "password"


def test_after_a_password_the_passkey_of_somebody_else_does_not_work(ana: User, device: Device) -> None:
    bob = new_user("bob", password=PASSWORD)
    others = Device()
    keep(settings_of(bob), others)
    browser = Client()
    browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})

    answer = browser.post("/sign-in/second/", {"credential": others.prove(options(browser, "second"))})

    assert answer.status_code == 422
    assert "not known here" in answer.content.decode()
    assert browser.get("/settings/profile/").status_code == 302


def test_it_shows_again_who_one_is(ana: User, device: Device) -> None:
    browser = PageClient.of(ana)
    answer = browser.post(
        "/settings/security/confirm/", {"credential": device.prove(options(browser, "confirm")), "next": "/settings/"}
    )

    assert answer["Location"] == "/settings/"
    assert browser.post("/settings/security/authenticator/begin/")["Location"] == "/settings/security/authenticator/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://testserver.evil.example"},
        {"origin": "http://testserver:8443"},
        {"origin": "https://testserver"},
        {"challenge": websafe_encode(b"x" * 32)},
        {"type": "webauthn.create"},
    ],
    ids=str,
)
def test_an_answer_that_was_made_for_something_else_is_refused(
    ana: User, device: Device, wrong: dict[str, str]
) -> None:
    assert not sign_in(device, **wrong)
    assert sign_in(device)


def test_an_answer_for_another_name_of_the_portal_is_refused(ana: User, device: Device) -> None:
    device.host = "evil.example"
    assert not sign_in(device)


@pytest.mark.parametrize("flags", [0, USER_PRESENT, USER_VERIFIED])
def test_without_a_finger_or_pin_it_is_refused(ana: User, device: Device, flags: int) -> None:
    device.flags = flags
    assert not sign_in(device)


def test_without_a_finger_or_pin_none_is_made(ana: User) -> None:
    answer = keep(settings_of(ana), Device(flags=USER_PRESENT))

    assert answer.status_code == 422
    assert not Passkey.objects.exists()


def test_signed_with_another_key_it_is_refused(ana: User, device: Device) -> None:
    device.key = Device().key
    assert not sign_in(device)


def test_under_the_name_of_another_person_it_is_refused(ana: User, device: Device) -> None:
    device.user_handle = new_user("bob").pk.bytes
    assert not sign_in(device)


def test_an_answer_is_taken_once_and_by_this_browser_only(ana: User, device: Device) -> None:
    browser = Client()
    answer = device.prove(options(browser, "sign-in"))
    stolen = Client()
    options(stolen, "sign-in")
    stolen.post("/sign-in/passkey/", {"credential": answer})
    assert stolen.get("/settings/profile/").status_code == 302

    browser.post("/sign-in/passkey/", {"credential": answer})
    assert browser.get("/settings/profile/").status_code == 200
    browser.post("/sign-out/")
    browser.post("/sign-in/passkey/", {"credential": answer})
    assert browser.get("/settings/profile/").status_code == 302


def test_a_challenge_for_one_purpose_serves_no_other(ana: User, device: Device) -> None:
    browser = PageClient.of(ana)
    answer = device.prove(options(browser, "sign-in"))

    assert browser.post("/settings/security/confirm/", {"credential": answer}).status_code == 422


def test_a_challenge_is_worth_nothing_after_five_minutes(
    ana: User, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "LASTS_SECONDS", -1)
    assert not sign_in(device)


def test_a_copied_key_is_noticed_by_its_count_and_recorded(ana: User, device: Device) -> None:
    device.count = 7
    assert sign_in(device)
    device.count = 3

    browser = Client()
    assert not sign_in(device, browser)

    assert "has been copied" in browser.get("/sign-in/").content.decode()
    assert Entry.objects.get(action="passkey.refuse").actor == "ana"


def test_devices_that_do_not_count_are_fine(ana: User, device: Device) -> None:
    for _ in range(2):
        device.count = -1
        assert sign_in(device)


def test_it_ends_with_the_account_and_with_its_removal(ana: User, device: Device) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert not sign_in(device)
    User.objects.filter(pk=ana.pk).update(is_active=True)

    settings_of(ana).post(f"/settings/security/passkeys/{Passkey.objects.get().pk}/remove/")

    assert not sign_in(device)
    assert Entry.objects.get(action="passkey.remove").actor == "ana"


def test_somebody_whom_a_provider_vouches_for_cannot_go_round_the_provider(ana: User, device: Device) -> None:
    ana.set_unusable_password()
    ana.save()

    assert not sign_in(device)


def test_a_lock_on_the_password_does_not_stop_it(ana: User, device: Device) -> None:
    for _ in range(6):
        Client().post("/sign-in/", {"username": "ana", "password": "wrong"})
    assert Client().post("/sign-in/", {"username": "ana", "password": PASSWORD}).status_code == 429

    assert sign_in(device)


def test_one_and_the_same_is_kept_once(ana: User, device: Device) -> None:
    answer = keep(settings_of(ana), device, name="again")

    assert answer.status_code == 422
    assert "registered already" in answer.content.decode()


def test_several_with_names_and_the_second_brings_no_codes(ana: User, device: Device) -> None:
    browser = settings_of(ana)
    assert [one["id"] for one in options(browser, "make")["excludeCredentials"]] == [
        websafe_encode(device.credential_id)
    ]

    assert keep(browser, Device(), name="blue key").status_code == 303

    page = browser.get("/settings/security/").content.decode()
    assert "laptop" in page and "blue key" in page


def test_a_name_is_wanted_and_what_was_typed_stays(ana: User) -> None:
    answer = keep(settings_of(ana), Device(), name="")

    assert answer.status_code == 422
    assert not Passkey.objects.exists()


def test_nobody_removes_one_of_somebody_else(ana: User, device: Device) -> None:
    bob = settings_of(new_user("bob", password=PASSWORD))

    assert bob.post(f"/settings/security/passkeys/{Passkey.objects.get().pk}/remove/").status_code == 404
    assert Passkey.objects.exists()


def test_at_an_address_of_numbers_it_says_why_there_are_none(ana: User) -> None:
    browser = settings_of(ana)
    page = browser.get("/settings/security/", headers={"Host": "127.0.0.1:8000"}).content.decode()

    assert "Open it by its name." in page
    refused = browser.post("/sign-in/passkey/options/", {"for": "make"}, headers={"Host": "127.0.0.1:8000"})
    assert refused.status_code == 409


@pytest.mark.parametrize(("purpose", "status"), [("second", 401), ("make", 401), ("confirm", 401), ("cats", 404)])
def test_nobody_gets_a_challenge_that_is_not_theirs(valkey: object, purpose: str, status: int) -> None:
    assert Client().post("/sign-in/passkey/options/", {"for": purpose}).status_code == status


def test_a_passkey_alone_is_a_second_factor(ana: User, device: Device) -> None:
    authenticator_of(ana)
    browser = settings_of(ana)
    browser.post("/settings/security/authenticator/remove/")

    assert browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})["Location"] == "/sign-in/second/"


class Garbage(TestCase):
    """Whatever is posted in place of an answer, it is refused and nothing breaks."""

    json_like = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    )
    parts = ("id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature", "userHandle")

    @given(st.one_of(st.text(max_size=200), json_like.map(json.dumps)))
    def test_any_text(self, text: str) -> None:
        browser = Client()
        options(browser, "sign-in")
        answer = browser.post("/sign-in/passkey/", {"credential": text})
        assert (answer.status_code, answer["Location"]) == (303, "/sign-in/?next=%2F")

    @given(st.sampled_from(parts), json_like)
    def test_a_true_answer_with_one_part_changed(self, part: str, value: Any) -> None:
        user = User.objects.filter(username="gil").first() or new_user("gil", password=PASSWORD)
        device = Device()
        keep(settings_of(user), device)
        browser = Client()
        answer = json.loads(device.prove(options(browser, "sign-in")))
        (answer if part in answer else answer["response"])[part] = value
        browser.post("/sign-in/passkey/", {"credential": json.dumps(answer)})
        if part not in {"userHandle", "type"}:
            assert browser.get("/settings/profile/").status_code == 302
