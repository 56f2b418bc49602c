"""Panels of metrics in a real browser, drawn from the sandbox's real Prometheus."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from services.models import Target
from tests.callers import PageClient
from tests.metrics.conftest import checkout, harbour, nothing_kept, prometheus
from tests.pages.browser import Visitor

__all__ = ["checkout", "harbour", "nothing_kept", "prometheus"]

pytestmark = [pytest.mark.browser, pytest.mark.sandbox]


def value(page: Page, panel: str) -> str:
    """The value that the first line of a panel shows."""
    return page.locator(f"#panel-{panel} .legend b").first.inner_text()


def test_the_pointer_shows_values_in_every_panel_and_the_page_never_waits(
    visitor: Visitor, developer: User, checkout: Target
) -> None:
    visitor.sign_in(developer)
    page = visitor.go("/services/checkout/?range=15m")
    expect(page.locator("#panels .uplot canvas")).to_have_count(5)
    last = value(page, "request_rate")
    assert re.fullmatch(r"[\d.]+/s", last)
    page.locator("#panel-latency .u-over").scroll_into_view_if_needed()
    page.locator("#panel-latency .u-over").hover(position={"x": 200, "y": 40})
    for panel in ("latency", "request_rate", "memory"):
        expect(page.locator(f"#panel-{panel} figcaption")).to_have_attribute("data-at", re.compile(r"\d\d:\d\d:\d\d"))
    visitor.shoot("service-metrics")
    page.mouse.move(1, 1)
    expect(page.locator("#panel-latency figcaption")).not_to_have_attribute("data-at", re.compile(r"\d"))


def test_a_refresh_keeps_the_canvas_and_brings_new_numbers(visitor: Visitor, developer: User, checkout: Target) -> None:
    visitor.sign_in(developer)
    page = visitor.go("/services/checkout/?range=15m")
    expect(page.locator("#panels .uplot canvas")).to_have_count(5)
    page.evaluate("document.querySelector('#panel-cpu canvas').dataset.same = 'yes'")
    before = page.locator("#plot-cpu").get_attribute("data-chart")
    page.evaluate("document.querySelector('#panel-cpu details').open = true")
    page.wait_for_function(
        """before => {
          const plot = document.querySelector('#plot-cpu');
          if (plot.dataset.chart === before) htmx.trigger('#panels', 'refresh');
          return plot.dataset.chart !== before;
        }""",
        arg=before,
        polling=1000,
        timeout=40_000,
    )
    expect(page.locator("#panel-cpu canvas[data-same=yes]")).to_have_count(1)
    expect(page.locator("#panel-cpu details")).to_have_attribute("open", "")


def test_colours_follow_the_theme_and_nothing_is_in_the_way(
    visitor: Visitor, developer: User, checkout: Target
) -> None:
    visitor.sign_in(developer)
    page = visitor.go("/services/checkout/metrics/?range=15m")
    expect(page.locator("#panels .uplot canvas")).to_have_count(5)
    picture = "document.querySelector('#panel-memory canvas').toDataURL()"
    visitor.wear("light")
    light = page.evaluate(picture)
    visitor.wear("dark")
    page.wait_for_function(f"light => {picture} !== light", arg=light)
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_without_javascript_there_is_a_table_of_the_numbers(
    plain: BrowserContext, developer: User, checkout: Target
) -> None:
    cookies = PageClient.of(developer).cookies
    plain.add_cookies(
        [{"name": key, "value": one.value, "domain": "localhost", "path": "/"} for key, one in cookies.items()]
    )
    page = plain.new_page()
    page.goto("/services/checkout/?range=15m")
    page.get_by_role("link", name="Open them on a page of their own").click()
    page.locator("#panel-error_ratio summary").click()
    rows = page.locator("#panel-error_ratio tbody tr")
    assert 20 < rows.count() <= 61
    expect(rows.first).to_contain_text("%")
