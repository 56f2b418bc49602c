"""Passkeys in a real browser, with Chromium's virtual authenticator in the place of a finger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession

from accounts.models import Passkey, Session, User
from tests.factories.accounts import new_user
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


@pytest.fixture
def ana(transactional_db: None) -> User:
    return new_user("ana", password=PASSWORD)


class Finger:
    """The device's own authenticator: `verifies(False)` is a finger that does not fit."""

    def __init__(self, tools: CDPSession) -> None:
        self._tools = tools
        tools.send("WebAuthn.enable")
        options: dict[str, Any] = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def verifies(self, fits: bool) -> None:
        self._tools.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": fits})

    def kept(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._tools.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]
        return found


@pytest.fixture
def finger(visitor: Visitor) -> Iterator[Finger]:
    tools = visitor.context.new_cdp_session(visitor.page)
    yield Finger(tools)
    tools.detach()


def make_one(visitor: Visitor, user: User) -> None:
    """Make a passkey on the page for it."""
    visitor.sign_in(user)
    page = visitor.go("/settings/security/")
    page.get_by_role("link", name="Unlock changes").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("What to call it").fill("laptop")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("heading", name="Print them or keep them").wait_for()


def test_made_once_it_signs_in_alone(visitor: Visitor, finger: Finger, ana: User) -> None:
    make_one(visitor, ana)
    [kept] = finger.kept()
    assert (kept["isResidentCredential"], kept["rpId"]) == (True, "localhost")
    visitor.context.clear_cookies()

    page = visitor.go("/sign-in/?next=/settings/tokens/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Tokens", exact=True).wait_for()

    assert Session.objects.get().way == "passkey"
    assert Passkey.objects.get().sign_count == finger.kept()[0]["signCount"] > 0


def test_after_the_password_it_is_the_second_step(visitor: Visitor, finger: Finger, ana: User) -> None:
    make_one(visitor, ana)
    visitor.context.clear_cookies()

    page = visitor.go("/sign-in/?next=/settings/tokens/")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="One more step").wait_for()
    visitor.shoot("second-step")
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Tokens", exact=True).wait_for()


def test_a_finger_that_does_not_fit_signs_nobody_in_and_it_can_be_tried_again(
    visitor: Visitor, finger: Finger, ana: User
) -> None:
    make_one(visitor, ana)
    visitor.context.clear_cookies()
    finger.verifies(False)

    page = visitor.go("/sign-in/?next=/settings/tokens/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("alert").filter(has_text="No passkey was used.").wait_for()
    finger.verifies(True)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Tokens", exact=True).wait_for()


def test_of_a_device_that_has_none_the_person_is_told(visitor: Visitor, finger: Finger, ana: User) -> None:
    page = visitor.go("/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_role("alert").filter(has_text="No passkey was used.").wait_for()


def test_a_copy_that_signed_elsewhere_is_noticed(visitor: Visitor, finger: Finger, ana: User) -> None:
    make_one(visitor, ana)
    Passkey.objects.update(sign_count=1000)
    visitor.context.clear_cookies()

    page = visitor.go("/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_text("This passkey has been copied").wait_for()
    assert not Session.objects.exists()
