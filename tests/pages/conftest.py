"""The portal behind a real server, and Chromium in front of it. Pages are driven with `visitor`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from redis import Redis

from tests.conftest import until
from tests.pages.browser import FLAGS, WIDE, Visitor, find_chromium


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The portal's ASGI application on a port of its own, in this process: it sees the test's database and settings."""
    from portal.asgi import application

    config = uvicorn.Config(application, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, seconds=30)
    try:
        yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def playwright_() -> Iterator[Playwright]:
    """Playwright. Its loop runs in this thread, which Django would take for asynchronous code.

    It ends with each file: while it runs, asynchronous tests of other files could not.
    """
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        yield playwright
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def chromium(playwright_: Playwright) -> Iterator[Browser]:
    """Chromium of this machine; the tests that need one are skipped where there is none."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium on PATH; install it or set SLIPWAY_CHROMIUM")
    browser = playwright_.chromium.launch(executable_path=executable, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where screenshots go: SLIPWAY_SCREENSHOTS. Without it none are taken, for they are half of a page's test time."""
    chosen = os.environ.get("SLIPWAY_SCREENSHOTS")
    if not chosen:
        return None
    folder = Path(chosen)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visitor(
    transactional_db: None, valkey: Redis, site: str, chromium: Browser, pictures: Path | None
) -> Iterator[Visitor]:
    """A fresh browser profile at the portal. The test fails on any error that the browser noticed."""
    context = chromium.new_context(
        base_url=site, viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
    )
    visitor = Visitor(context, pictures)
    yield visitor
    errors = visitor.unexpected_errors()
    context.close()
    assert errors == []


@pytest.fixture
def plain(transactional_db: None, valkey: Redis, site: str, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile with JavaScript switched off."""
    context = chromium.new_context(base_url=site, java_script_enabled=False)
    yield context
    context.close()
