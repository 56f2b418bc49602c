"""A newcomer's first run: the portal with its own sandbox, and a browser in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import WIDE, Visitor
from tests.pages.conftest import chromium, pictures, playwright_
from tests.run.slipway import Slipway, wait_until

__all__ = ["chromium", "pictures", "playwright_"]
SANDBOX_SECONDS = 120


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slipway]:
    """`make run` in an empty home, once the shop has been imported."""
    run = Slipway(tmp_path_factory.mktemp("home"), "--sandbox")
    try:
        run.start()
        wait_until(lambda: "first-steps is done" in run.log(), SANDBOX_SECONDS, "the shop is imported")
        yield run
    finally:
        run.stop()


@pytest.fixture
def newcomer(first_run: Slipway, chromium: Browser, pictures: Path) -> Iterator[Visitor]:
    """A browser at the first page; the test fails on any error that the browser noticed."""
    context = chromium.new_context(
        base_url=first_run.url, viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    visitor = Visitor(context, pictures)
    yield visitor
    errors = visitor.unexpected_errors()
    context.close()
    assert errors == []
