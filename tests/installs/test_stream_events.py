"""The story of an install as server-sent events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from django.core.asgi import get_asgi_application

from accounts.models import User
from installs.models import InstallRun
from installs.stream import Stream
from tests.conftest import until
from tests.factories.accounts import token_of
from tests.factories.installs import log, running_install
from web.live import publish


@pytest.fixture
def server(transactional_db: None, valkey: Any) -> Iterator[str]:
    stream: Any = Stream(get_asgi_application(), look_again_seconds=0.5, recheck_seconds=0.5)
    running = uvicorn.Server(uvicorn.Config(stream, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=running.run)
    thread.start()
    until(lambda: running.started, seconds=10)
    yield f"http://localhost:{running.servers[0].sockets[0].getsockname()[1]}/api/v1"
    running.should_exit = True
    thread.join(10)


def told(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])


def caller(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(user)}", "Accept": "text/event-stream"}


def test_lines_come_as_they_are_written_until_the_run_has_ended(server: str, admin: User) -> None:
    install, run = running_install(admin)
    log(run, "first")
    known = run.lines.count()
    with (
        httpx.Client(headers=caller(admin), timeout=20, trust_env=False) as http,
        http.stream("GET", f"{server}/installs/{install.pk}/events/") as answer,
    ):
        assert answer.status_code == 200
        coming = told(answer)
        before = [next(coming) for _number in range(known)]
        assert before[-1]["message"] == "first" and before[-1]["data"]["run"] == str(run.pk)

        log(run, "second")
        publish(f"install:{install.pk}")
        assert next(coming)["message"] == "second"

        InstallRun.objects.filter(pk=run.pk).update(state="succeeded")
        publish(f"install:{install.pk}")
        assert list(coming) == []
        seq = before[-1]["seq"]
        again = http.get(f"{server}/installs/{install.pk}/events/", headers={"Last-Event-ID": str(seq)})
        assert "second" in again.text and "first" not in again.text


def test_who_is_no_admin_hears_nothing(server: str, admin: User, maintainer: User) -> None:
    install, _run = running_install(admin)

    answer = httpx.get(f"{server}/installs/{install.pk}/events/", headers=caller(maintainer), trust_env=False)

    assert answer.status_code == 404
