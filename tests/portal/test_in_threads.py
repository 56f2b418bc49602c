"""Requests begin one after another; one that waits holds up nobody for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import StreamingHttpResponse

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


class _LongAnswer:
    """More than is taken whole, in pieces; `made` is set when the last one was asked for."""

    PIECES, SIZE = 40, 100_000

    def __init__(self) -> None:
        self.made, self.closed = threading.Event(), threading.Event()

    def __call__(self, request: Any) -> StreamingHttpResponse:
        return StreamingHttpResponse(self._pieces(), content_type="text/plain")

    def _pieces(self) -> Iterator[bytes]:
        try:
            for number in range(self.PIECES):
                yield bytes([65 + number % 26]) * self.SIZE
            self.made.set()
        finally:
            self.closed.set()


@pytest.fixture
def long_answer(monkeypatch: pytest.MonkeyPatch) -> tuple[InThreads, _LongAnswer]:
    app, answering = InThreads(threads=1), _LongAnswer()
    monkeypatch.setattr(app._django, "get_response", answering)
    return app, answering


async def test_a_slow_reader_of_a_long_answer_holds_no_thread(long_answer: tuple[InThreads, _LongAnswer]) -> None:
    app, answering = long_answer
    reads, sent = asyncio.Event(), []

    async def send(message: Any) -> None:
        sent.append(message)
        await reads.wait()

    slow = asyncio.create_task(app(SCOPE, receive_nothing, send))
    async with asyncio.timeout(10):
        while not answering.made.is_set():
            await asyncio.sleep(0.01)
        # The only thread is free again, though the reader has taken nothing but the head yet.
        quick = await ask_all(app)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert len(quick) == answering.PIECES * answering.SIZE

    reads.set()
    await slow
    body = b"".join(message.get("body", b"") for message in sent[1:])
    assert body == b"".join(bytes([65 + number % 26]) * answering.SIZE for number in range(answering.PIECES))
    assert [message["more_body"] for message in sent[1:-1]] == [True] * (len(sent) - 2)
    assert not sent[-1].get("more_body")


async def test_of_a_reader_who_went_away_no_more_is_made(long_answer: tuple[InThreads, _LongAnswer]) -> None:
    app, answering = long_answer
    answering.PIECES = 1_000_000  # type: ignore[misc]

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("the caller is gone")

    with pytest.raises(OSError, match="gone"):
        await app(SCOPE, receive_nothing, send)
    assert await asyncio.to_thread(answering.closed.wait, 10)
    assert not answering.made.is_set()


async def test_an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole(
    long_answer: tuple[InThreads, _LongAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _answering = long_answer
    sent: list[Any] = []

    def breaks() -> Iterator[bytes]:
        yield b"x" * (in_threads.WHOLE_BYTES + 1)
        raise ValueError("the database is gone")

    async def send(message: Any) -> None:
        sent.append(message)

    monkeypatch.setattr(app._django, "get_response", lambda request: StreamingHttpResponse(breaks()))
    with pytest.raises(ValueError, match="the database is gone"):
        await app(SCOPE, receive_nothing, send)
    assert all(message["more_body"] for message in sent[1:])


SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/export",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
}


async def receive_nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def ask_all(app: InThreads) -> bytes:
    """The body of an answer to somebody who reads at once."""
    body = b""

    async def send(message: Any) -> None:
        nonlocal body
        body += message.get("body", b"")

    await app(SCOPE, receive_nothing, send)
    return body
