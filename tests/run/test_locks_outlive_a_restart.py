"""T25: whoever kills or restarts the portal does not thereby lift a lock."""

from __future__ import annotations

import os
import re
import signal

import httpx

from tests.run.slipway import Slipway, wait_until


def guess(url: str, password: str) -> int:
    """Try the admin's name at the real sign-in page; the status of the answer."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as browser:
        form = browser.get("/sign-in/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None
        given = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": password}
        return browser.post("/sign-in/", data=given, headers={"Referer": f"{url}/sign-in/"}).status_code


def test_t25_a_lock_outlives_the_death_of_the_web_process(slipway: Slipway) -> None:
    url = f"http://127.0.0.1:{slipway.port}"
    password = (slipway.home / "admin-password").read_text().strip()
    assert [guess(url, "wrong") for _ in range(5)][-1] == 429
    killed = slipway.pid("web")

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: slipway.pid("web") not in (0, killed), 2.0, "a new web process")
    wait_until(slipway.is_ready, 60, "everything answers")
    assert guess(url, password) == 429
