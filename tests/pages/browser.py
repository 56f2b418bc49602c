"""A person at a real browser: signs in, is told of every error the browser noticed, takes pictures, asks axe."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

from accounts.models import User
from tests.callers import PageClient

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = (1280, 900), (390, 844)
THEMES = ("light", "dark")
# Reports breaches of the content policy also where the console would only warn.
WATCH_POLICY = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
AXE_OPTIONS = {
    "preload": False,
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}


def find_chromium() -> str | None:
    """The Chromium of this machine: SLIPWAY_CHROMIUM, else what is on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("SLIPWAY_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


class Visitor:
    """One browser profile at the portal. `page` is a Playwright page; `errors` is what the browser complained about."""

    def __init__(self, context: BrowserContext, pictures: Path | None) -> None:
        self.context = context
        self.pictures = pictures
        self.errors: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.add_init_script(WATCH_POLICY)
        self.page: Page = context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"script: {error}"))
        self.page.on("response", self._on_response)

    def sign_in(self, user: User) -> None:
        """Be signed in as `user` from now on."""
        cookie = PageClient.of(user).cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "localhost", "path": "/"}])

    def go(self, path: str) -> Page:
        """Open one page and wait until its scripts have bound."""
        self.page.goto(path)
        if self.page.evaluate("typeof htmx") != "undefined":
            self.page.wait_for_selector("html[data-scripted]")
        return self.page

    def expect_error(self, pattern: str) -> None:
        """Errors that match are part of this test."""
        self._expected.append(re.compile(pattern))

    def unexpected_errors(self) -> list[str]:
        """What the browser complained about and the test did not announce."""
        return [error for error in self.errors if not any(known.search(error) for known in self._expected)]

    def shoot(self, name: str) -> None:
        """Save the whole page as it stands, in both themes, wide and narrow: `<name>-<theme>-<width>.png`.

        Does nothing unless the run asks for screenshots.
        """
        if self.pictures is None:
            return
        size = self.page.viewport_size
        for theme in THEMES:
            self.wear(theme)
            for width, height in (WIDE, NARROW):
                self.page.set_viewport_size({"width": width, "height": height})
                path = self.pictures / f"{name}-{theme}-{width}.png"
                self.page.screenshot(path=path, full_page=True, animations="disabled")
        if size:
            self.page.set_viewport_size(size)

    def wear(self, theme: str) -> None:
        """Change the theme without a reload, as the theme switch does."""
        self.page.evaluate(
            """async theme => {
              document.documentElement.dataset.theme = theme;
              for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
            }""",
            theme,
        )

    def barriers(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA on the page as it stands, in both themes: one line for each rule."""
        found: list[str] = []
        # To measure contrast axe sets style attributes, which our policy refuses and reports.
        noticed = len(self.errors)
        for theme in THEMES:
            self.wear(theme)
            violations: list[dict[str, Any]] = Axe().run(self.page, options=AXE_OPTIONS).response["violations"]
            found += [
                f"{theme} {rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']][:5]}"
                for rule in violations
            ]
        del self.errors[noticed:]
        return found

    def overflow(self) -> int:
        """By how many pixels the page is wider than a phone."""
        self.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def _on_console(self, message: ConsoleMessage) -> None:
        # A failed response is reported by its own event, with its address.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(f"console: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            self.errors.append(f"answer: {response.status} {response.url}")
