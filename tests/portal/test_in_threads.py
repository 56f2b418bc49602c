"""Requests begin one after another; one that waits holds up nobody for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from portal import in_threads
from portal.in_threads import InThreads


class Answering:
    """What stands behind the threads: `/slow` waits until it is let go, anything else is answered at once."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.began: list[str] = []
        self.ran_at_once = 0
        self._running = 0
        self._lock = threading.Lock()

    def answer(self, scope: dict[str, Any], body: Any, send: Any) -> list[dict[str, Any]]:
        with self._lock:
            self.began.append(scope["path"])
            self._running += 1
            self.ran_at_once = max(self.ran_at_once, self._running)
        try:
            if scope["path"] == "/slow":
                assert self.let_go.wait(20)
            return [{"type": "http.response.start", "status": 200, "headers": []}]
        finally:
            body.close()
            with self._lock:
                self._running -= 1


@pytest.fixture
def behind() -> Iterator[Answering]:
    answering = Answering()
    yield answering
    answering.let_go.set()


@pytest.fixture
def app(behind: Answering, monkeypatch: pytest.MonkeyPatch) -> InThreads:
    threads = InThreads(threads=8)
    monkeypatch.setattr(threads, "_django", behind)
    return threads


async def ask(app: InThreads, path: str) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "path": path}, receive, send)
    return sent


async def test_quick_requests_run_one_at_a_time(
    app: InThreads, behind: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow this machine is just now, none of them is a slow one.
    monkeypatch.setattr(in_threads, "TURN_SECONDS", 20.0)

    answers = await asyncio.gather(*(ask(app, f"/{number}") for number in range(40)))

    assert all(answer[0]["status"] == 200 for answer in answers)
    assert behind.ran_at_once == 1


async def test_a_request_that_waits_lets_the_next_ones_begin(app: InThreads, behind: Answering) -> None:
    waiting = [asyncio.create_task(ask(app, "/slow")) for _ in range(3)]

    async with asyncio.timeout(10):
        while len(behind.began) < len(waiting):
            await asyncio.sleep(0.01)
        assert (await ask(app, "/quick"))[0]["status"] == 200

    behind.let_go.set()
    assert [answer[0]["status"] for answer in await asyncio.gather(*waiting)] == [200, 200, 200]


async def test_a_request_whose_caller_gave_up_gives_its_turn_back(app: InThreads, behind: Answering) -> None:
    gone = asyncio.create_task(ask(app, "/slow"))
    while not behind.began:
        await asyncio.sleep(0)
    gone.cancel()

    async with asyncio.timeout(10):
        assert (await ask(app, "/quick"))[0]["status"] == 200
