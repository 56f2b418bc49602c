"""What every page has: theme, palette, shortcuts, live regions; seen on the gallery, which has every part."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.deployments import checkout_target, new_release
from tests.pages.browser import Visitor
from web import live

pytestmark = pytest.mark.browser


@pytest.fixture
def gallery(visitor: Visitor, admin: User) -> Visitor:
    """An admin who looks at the gallery."""
    visitor.sign_in(admin)
    visitor.go("/gallery/")
    return visitor


def test_every_part_is_accessible_in_both_themes(gallery: Visitor) -> None:
    assert gallery.barriers() == []


def test_the_gallery_fits_a_phone(gallery: Visitor) -> None:
    gallery.shoot("gallery")
    assert gallery.overflow() <= 0


def test_the_theme_changes_at_once_and_is_written_by_the_server_next_time(gallery: Visitor) -> None:
    page = gallery.page
    page.locator(".account > summary").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert 'data-theme="dark"' in page.request.get("/gallery/").text()


def test_ctrl_k_opens_the_palette_and_enter_goes_to_what_it_found(gallery: Visitor) -> None:
    page = gallery.page
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type("gall")
    expect(page.locator("#found a[aria-selected=true]")).to_contain_text("Gallery")
    assert gallery.barriers() == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/gallery/")


def test_shortcuts_work_and_are_off_while_typing(gallery: Visitor) -> None:
    page = gallery.page
    page.keyboard.press("/")
    box = page.locator("[data-slash]")
    expect(box).to_be_focused()
    page.keyboard.type("?/")
    expect(box).to_have_value("?/")
    expect(page.locator("#shortcuts")).to_be_hidden()
    box.blur()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def test_a_live_region_renders_anew_when_its_topic_is_published(gallery: Visitor) -> None:
    page = gallery.page
    expect(page.locator(".feed")).to_have_attribute("data-feed", "live")
    before = page.locator("#live output").inner_text()
    live.publish("gallery")
    expect(page.locator("#live output")).not_to_have_text(before)


def test_a_live_region_stays_alive_after_it_was_rendered_anew(gallery: Visitor) -> None:
    page = gallery.page
    expect(page.locator(".feed")).to_have_attribute("data-feed", "live")
    for _ in range(3):
        before = page.locator("#live output").inner_text()
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("#live output")).not_to_have_text(before)


def test_without_a_stream_the_page_polls_and_says_so(visitor: Visitor, admin: User) -> None:
    visitor.context.route("**/live/**", lambda route: route.abort())
    visitor.expect_error("/live/")
    visitor.sign_in(admin)
    page = visitor.go("/gallery/")
    expect(page.locator(".feed")).to_have_attribute("data-feed", "polling")
    before = page.locator("#live output").inner_text()
    expect(page.locator("#live output")).not_to_have_text(before, timeout=8000)


def test_t18_markup_without_the_nonce_of_the_page_stays_inert(gallery: Visitor) -> None:
    """An injected hx-get in swapped content asks nothing of the server."""
    page = gallery.page
    gallery.expect_error("hx-csp")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """() => {
          const planted = document.createElement("div");
          planted.setAttribute("hx-get", "/planted/");
          planted.setAttribute("hx-trigger", "load");
          document.querySelector("main").append(planted);
          htmx.process(planted);
        }"""
    )
    page.wait_for_timeout(300)
    assert [url for url in asked if "planted" in url] == []


def test_without_javascript_pages_are_read_and_the_theme_is_posted(plain: BrowserContext, admin: User) -> None:
    page = plain.new_page()
    cookie = next(iter(PageClient.of(admin).cookies.values()))
    plain.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "localhost", "path": "/"}])
    page.goto("/gallery/")
    page.locator(".account > summary").click()
    page.locator(".account").get_by_role("button", name="Dark").click()
    expect(page).to_have_url("/gallery/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".find").click()
    expect(
        page.get_by_role("textbox", name="Search").or_(page.get_by_role("searchbox", name="Search")).first
    ).to_be_visible()


def test_a_live_panel_asks_again_before_it_goes_stale(gallery: Visitor) -> None:
    page = gallery.page
    page.locator("#live .as-of").evaluate("panel => { panel.dataset.seconds = 4 }")
    before = page.locator("#live output").inner_text()
    expect(page.locator("#live output")).not_to_have_text(before, timeout=8000)
    expect(page.locator("#live .as-of")).not_to_have_attribute("data-stale", "")


def test_what_is_open_and_typed_outlives_a_refresh(gallery: Visitor) -> None:
    page = gallery.page
    page.evaluate(
        """() => document.querySelector("#live header").insertAdjacentElement(
             "afterend", Object.assign(document.createElement("p"), {id: "gone"}))"""
    )
    page.locator("#live summary").click()
    page.locator("#live input[type=text]").fill("half a sentence")
    before = page.locator("#live output").inner_text()
    live.publish("gallery")
    expect(page.locator("#live output")).not_to_have_text(before)
    expect(page.locator("#gone")).to_have_count(0)
    expect(page.locator("#live details")).to_have_attribute("open", "")
    expect(page.locator("#live input[type=text]")).to_have_value("half a sentence")


def test_the_palette_begins_with_the_pages_this_tab_came_by(gallery: Visitor) -> None:
    gallery.go("/audit/")
    page = gallery.go("/settings/profile/")
    page.keyboard.press("Control+k")
    recent = page.locator("#found [aria-label=Recent] a")
    expect(recent).to_have_count(2)
    expect(recent.first).to_contain_text("Audit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/")


def test_the_counts_of_the_rail_follow(visitor: Visitor, admin: User, payments: Team) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/")
    releases = page.locator("#rail a", has_text="Releases")
    expect(page.locator(".feed")).to_have_attribute("data-feed", "live")
    expect(releases.locator(".count")).to_have_count(0)
    new_release(checkout_target(payments), by=admin)
    live.publish("home")
    expect(releases.locator(".count")).to_contain_text("1")
    expect(page.locator("#rail [aria-current=page]")).to_have_text("Home")


def test_a_change_of_state_is_read_out(visitor: Visitor, admin: User, payments: Team) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/")
    expect(page.locator(".feed")).to_have_attribute("data-feed", "live")
    expect(page.locator("#said")).to_be_empty()
    new_cluster("lighthouse", status="unreachable")
    live.publish("home")
    expect(page.locator("#said")).to_have_text("1 cluster is not heard of")
