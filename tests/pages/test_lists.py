"""A list in a real browser: its menus, a view saved and found again; and a session that ends while one is typing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.accounts import new_user
from tests.factories.services import new_service
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


def test_a_view_is_saved_and_columns_are_chosen(visitor: Visitor, maintainer: User, payments: Team) -> None:
    new_service("checkout", payments)
    visitor.sign_in(maintainer)
    page = visitor.go("/services/?team=payments")
    page.locator(".tools summary").first.click()
    page.get_by_label("Save this view as").fill("Ours")
    page.get_by_label("For").select_option("payments")
    visitor.shoot("list-views")
    assert visitor.barriers() == []
    page.get_by_role("button", name="Save").click()
    page.locator(".tools summary").first.click()
    expect(page.locator(".tools a[aria-current=true]")).to_contain_text("Ours")
    page.locator(".tools summary").nth(1).click()
    page.get_by_label("Lifecycle").nth(1).uncheck()
    visitor.shoot("list-columns")
    page.get_by_role("button", name="Show these").click()
    expect(page.locator("th[scope=col]")).to_have_count(4)
    assert visitor.overflow() <= 0


def test_before_a_session_ends_it_says_so_and_can_be_put_off(visitor: Visitor) -> None:
    browser = PageClient.of(new_user("ana"))
    session = browser.session
    session["ends_at"] = (timezone.now() + timedelta(minutes=3)).isoformat()
    session.save()
    key = browser.cookies[settings.SESSION_COOKIE_NAME]
    visitor.context.add_cookies([{"name": key.key, "value": key.value, "domain": "localhost", "path": "/"}])
    page = visitor.go("/settings/profile/")
    warning = page.get_by_role("status").filter(has_text="You will be signed out at")
    expect(warning).to_be_visible()
    visitor.shoot("session-ends")
    assert visitor.barriers() == []
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()


def test_typed_text_outlives_a_sign_in_in_between(visitor: Visitor, payments: Team) -> None:
    user = new_user("ana", password=PASSWORD, is_admin=True)
    visitor.sign_in(user)
    page = visitor.go("/services/new/")
    page.get_by_label("Name", exact=True).fill("checkout")
    page.get_by_label("Title").fill("Shop checkout")
    visitor.context.clear_cookies()
    visitor.expect_error("403|401")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/services/new/")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/services/new/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("checkout")
    expect(page.get_by_label("Title")).to_have_value("Shop checkout")
    assert "correct horse" not in page.evaluate("JSON.stringify(sessionStorage)")
