"""The pages of signing in and of one's own ways in, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.factors.codes import new_recovery_codes
from accounts.models import Session, User
from tests.factories.accounts import authenticator_of, new_user, passkey_of, session_of
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def ana(transactional_db: None) -> User:
    return new_user("ana", password=PASSWORD, is_admin=True)


def sign_in(visitor: Visitor, path: str = "/settings/security/") -> None:
    """Sign in as ana with her password."""
    page = visitor.go(f"/sign-in/?next={path}")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("html[data-scripted]")


def confirm(visitor: Visitor) -> None:
    """Show again who one is."""
    visitor.page.get_by_label("Your password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Go on").click()


def is_right(visitor: Visitor, name: str) -> None:
    """No barrier in either theme, nothing wider than a phone; a picture where the run asks for some."""
    visitor.shoot(name)
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0
    visitor.page.set_viewport_size({"width": 1280, "height": 900})


def test_setting_up_an_app_from_the_picture_to_the_codes(visitor: Visitor, ana: User) -> None:
    sign_in(visitor)
    page = visitor.page
    is_right(visitor, "security-new")
    page.get_by_role("button", name="Set it up").click()
    is_right(visitor, "confirm-identity")
    confirm(visitor)
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    is_right(visitor, "authenticator")
    secret = page.locator("main .mono").first.inner_text().strip()
    page.get_by_label("Code that the app shows now").fill("000000")
    page.get_by_role("button", name="Switch it on").click()
    visitor.expect_error("422")
    expect(page.get_by_text("This is not the code")).to_be_visible()

    page.get_by_label("Code that the app shows now").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Switch it on").click()

    expect(page.locator("main li .mono")).to_have_count(10)
    is_right(visitor, "recovery-codes")


def test_the_page_of_ones_ways_in_with_everything_there(visitor: Visitor, ana: User) -> None:
    session_of(ana, user_agent=PHONE)
    sign_in(visitor)
    authenticator_of(ana)
    passkey_of(ana, "blue key")
    new_recovery_codes(ana)
    page = visitor.go("/settings/security/")
    is_right(visitor, "security")

    page.get_by_role("row", name="Safari on iOS").get_by_role("button", name="End").click()

    expect(page.get_by_text("The session has ended.")).to_be_visible()
    assert Session.objects.count() == 1


def test_rules_and_locks(visitor: Visitor, ana: User) -> None:
    visitor.expect_error("422|429")
    for _ in range(5):
        page = visitor.go("/sign-in/")
        page.get_by_label("User name").fill("bob")
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Too many wrong passwords or codes for this name.").first).to_be_visible()
    visitor.shoot("locked-out")
    sign_in(visitor, "/settings/sign-in-rules/")
    is_right(visitor, "sign-in-rules")

    page.get_by_role("button", name="Lift").click()

    expect(page.get_by_text("bob may be tried again.")).to_be_visible()


def test_an_admins_view_of_a_person(visitor: Visitor, ana: User) -> None:
    bob = new_user("bob", password=PASSWORD)
    authenticator_of(bob)
    session_of(bob, user_agent=PHONE)
    sign_in(visitor, "/settings/users/bob/")
    is_right(visitor, "user")

    visitor.page.get_by_role("button", name="Reset the second factor").click()

    expect(visitor.page.get_by_text("bob signs in with the password alone now.")).to_be_visible()


def test_whoever_has_to_have_a_second_factor_is_led_to_it(visitor: Visitor, ana: User) -> None:
    visitor.expect_error("401 .*/live/|EventSource")
    sign_in(visitor, "/settings/sign-in-rules/")
    page = visitor.page
    page.get_by_label("Everybody has to").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings/security/")
    expect(page.get_by_text("Set up a second factor", exact=True)).to_be_visible()
    page.goto("/services/")
    page.wait_for_url("**/settings/security/")
    is_right(visitor, "second-factor-wanted")


def test_break_glass_takes_the_code_out_of_the_address(
    visitor: Visitor, ana: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("break_glass", "ana", reason="the provider is down")
    path = capsys.readouterr().out.strip().partition("/sign-in/")[2]
    page = visitor.go(f"/sign-in/{path}")
    assert "#" not in page.url
    visitor.shoot("break-glass")
    assert visitor.barriers() == []

    page.get_by_role("button", name="Sign in as an admin").click()

    expect(page.get_by_text("You are signed in by break glass")).to_be_visible()
    is_right(visitor, "broken-glass")


def test_after_the_session_ended_one_signs_in_beside_and_sends_what_was_typed(
    visitor: Visitor, ana: User, settings: Any
) -> None:
    settings.SESSION_COOKIE_AGE = 60
    page = visitor.page
    page.clock.install()
    sign_in(visitor, "/settings/teams/")
    page.get_by_label("Name").fill("payments")
    page.get_by_label("Title").last.fill("Who takes the money")
    visitor.context.clear_cookies()
    visitor.expect_error("401 .*/live/|EventSource")
    page.clock.fast_forward("01:00")
    settings.SESSION_COOKIE_AGE = 3600
    over = page.get_by_role("heading", name="You have been signed out")
    expect(over).to_be_visible()
    visitor.shoot("signed-out")

    with visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    beside = opened.value
    beside.get_by_label("User name").fill("ana")
    beside.get_by_label("Password").fill(PASSWORD)
    beside.get_by_role("button", name="Sign in").click()
    expect(beside.get_by_role("heading", name="You are signed in again")).to_be_visible()

    expect(over).to_be_hidden()
    page.get_by_role("button", name="Make the team").click()
    page.wait_for_url(re.compile("/settings/teams/payments/"))
    expect(page.get_by_text("Who takes the money")).to_be_visible()
