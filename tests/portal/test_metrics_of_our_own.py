"""`GET /metrics`: for admins, without a label that a caller chose, and true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from durable import heartbeat
from tests.callers import ApiClient
from tests.conftest import until
from tests.factories.deployments import checkout_target, new_release
from tests.postgres import free_port

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent


def figures(api: Callable[..., ApiClient], user: User) -> str:
    answer = api(user).get("/metrics")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain")
    return answer.content.decode()


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def test_requests_are_counted_by_route_and_never_by_address(
    api: Callable[..., ApiClient], admin: User, anonymous: Client
) -> None:
    name = 'slipway_http_request_seconds_count{method="GET",route="/services/<str:name>/",status="302"}'
    before = figure(figures(api, admin), name)
    anonymous.get("/services/checkout/")
    anonymous.get("/no/such/page-of-mine/")

    after = figures(api, admin)

    assert figure(after, name) == before + 1
    assert "page-of-mine" not in after
    assert 'route="none",status="404"' in after


def test_it_tells_what_stands_in_the_database(api: Callable[..., ApiClient], admin: User, developer: User) -> None:
    new_release(checkout_target(developer.memberships.get().team), by=developer)
    heartbeat.beat("worker")

    text = figures(api, admin)

    assert figure(text, 'slipway_releases_active{status="progressing"}') == 1
    assert figure(text, "slipway_database_up") == 1
    assert figure(text, 'slipway_heartbeat_age_seconds{process="worker"}') < 5


def test_only_admins_read_it(api: Callable[..., ApiClient], developer: User, anonymous: Client) -> None:
    assert api(developer).get("/metrics").status_code == 403
    assert anonymous.get("/metrics").status_code == 401


def test_a_process_answers_on_a_port_of_its_own_when_told_to(tmp_path: Path) -> None:
    port = free_port()
    own = {
        "SLIPWAY_HOME": str(tmp_path),
        "SLIPWAY_LOCAL": "1",
        "SLIPWAY_PROCESS": "worker",
        "SLIPWAY_METRICS_LISTEN": f"127.0.0.1:{port}",
    }
    code = "import django, sys; django.setup(); print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout and process.stdout.readline() == b"up\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"slipway_task_seconds" in answer.read()
    finally:
        process.kill()
        process.communicate()
        until(lambda: process.poll() is not None)
