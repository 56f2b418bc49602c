"""A person lets a program act for them: the link, the decision, and the program that has its token then."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.commands.device_logins import begin_device_login, collect_token
from accounts.device.codes import shown
from accounts.models import User
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser


def test_from_the_link_to_the_token(visitor: Visitor, developer: User) -> None:
    login, device_code = begin_device_login(
        "slipway CLI on build-7", scopes=["read", "deploy", "approve"], address="192.0.2.7"
    )
    visitor.sign_in(developer)
    page = visitor.go(f"/device/?code={shown(login.user_code)}")
    page.get_by_role("button", name="Look who asks").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Let “slipway CLI on build-7” act as you?")
    expect(page.locator("main")).to_contain_text("192.0.2.7")
    visitor.shoot("device-decision")
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0

    page.get_by_label("approve").uncheck()
    page.get_by_label("For").select_option("7d")
    page.get_by_role("button", name="Allow").click()

    expect(page.locator("main")).to_contain_text("slipway CLI on build-7 is signed in as you.")
    _login, token, raw = collect_token(device_code)
    assert (token.user, token.scopes) == (developer, ["read", "deploy"])
    assert raw.startswith("slip_")


def test_without_a_scope_nothing_is_allowed_and_the_choice_is_told(visitor: Visitor, developer: User) -> None:
    visitor.expect_error("422")
    login, _device_code = begin_device_login("slipway CLI on build-7", scopes=["deploy"], address="192.0.2.7")
    visitor.sign_in(developer)
    page = visitor.go(f"/device/?code={shown(login.user_code)}")
    page.get_by_role("button", name="Look who asks").click()
    page.get_by_label("deploy").uncheck()
    page.get_by_role("button", name="Allow").click()

    expect(page.locator("main")).to_contain_text("Choose at least one of the scopes")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("main")).to_contain_text("slipway CLI on build-7 was refused.")
