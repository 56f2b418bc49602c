"""Each process by itself: says whether it lives, logs for machines, counts for Prometheus, ends when told."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import until
from tests.production import compose
from tests.production.site import Site

NAMES = [f"{service}-1" for service in compose.PROCESSES]


@pytest.fixture(scope="module")
def running(site: Site) -> Iterator[Site]:
    site.collect_static()
    site.start_all(1)
    yield site
    site.stop_all()


@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_goes_round_is_alive(running: Site, name: str) -> None:
    until(lambda: running.alive(name) == 0, seconds=30)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_for_itself_to_prometheus(running: Site, name: str) -> None:
    url = f"http://127.0.0.1:{running.port(f'{name}-metrics')}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    assert "process_resident_memory_bytes" in text
    assert ("slipway_releases_due" in text) == name.startswith("web")


def test_a_hanging_worker_is_found_out(running: Site) -> None:
    name = "worker-1"
    running.running[name].send_signal(signal.SIGSTOP)
    try:
        until(lambda: running.alive(name) == 1, seconds=60)
    finally:
        running.running[name].send_signal(signal.SIGCONT)
    until(lambda: running.alive(name) == 0, seconds=30)


def test_every_line_of_every_process_is_json_and_none_holds_a_secret(running: Site) -> None:
    secrets = [(running.secrets / name).read_text() for name in ("redis-password", "database-password", "secret-key")]
    for name in NAMES:
        text = running.whole_log(name)
        assert not [secret for secret in secrets if secret in text]
        assert [line for line in text.splitlines() if not isinstance(_read(line), dict)] == []


def test_pages_come_with_files_that_may_be_kept_for_ever(running: Site) -> None:
    page = httpx.get(f"{running.url('web-1')}/sign-in/", trust_env=False)
    sheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.text)
    assert sheet, page.text
    kept = httpx.get(running.url("web-1") + sheet[1], trust_env=False)
    assert "immutable" in kept.headers["Cache-Control"]
    assert "Secure" in page.headers["Set-Cookie"] and "Strict-Transport-Security" not in page.headers


def test_all_end_within_the_time_that_compose_gives_them(running: Site) -> None:
    stop_seconds = float(compose.document()["services"]["web"]["stop_grace_period"].rstrip("s"))
    processes = dict(running.running)
    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    for name, process in processes.items():
        assert process.wait(stop_seconds) in (0, -signal.SIGTERM), name
        running.running.pop(name)


def _read(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return line
