"""Callers that cost little, since they share the machine with what they measure: raw HTTP/1.1 over asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

TIME_OUT_SECONDS = 30.0


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[int] | None = None
        self._head = b""
        self._left = -1
        self._status = 0
        self.is_open = True
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send it; the future holds the status once the whole body has come, 0 when the connection broke."""
        self._head, self._left = b"", -1
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._head[:end].lower()
            self._status = int(head[9:12])
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self._left = length - (len(self._head) - end - 4)
        else:
            self._left -= len(data)
        if self._left <= 0:
            self._settle(self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._settle(0)

    def close(self) -> None:
        self._transport.close()

    def _settle(self, status: int) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)


@dataclass
class Tally:
    """What came of many requests."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0


@dataclass(frozen=True)
class Place:
    """Where the portal listens."""

    host: str
    port: int

    def get(self, path: str, *headers: str) -> bytes:
        """The bytes of one GET."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}:{self.port}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    async def connect(self) -> Connection:
        """A new connection."""
        _transport, connection = await asyncio.get_running_loop().create_connection(Connection, self.host, self.port)
        return connection


class Crowd:
    """Sends requests at their times, whether or not earlier ones were answered (an open loop), or as fast as they are
    answered (a closed one)."""

    def __init__(self, place: Place, requests: Sequence[bytes]) -> None:
        self._place = place
        self._requests = requests
        self._idle: deque[Connection] = deque()
        self.tally = Tally()

    async def at_rate(self, per_second: float, seconds: float) -> None:
        """An open loop. A request's time runs from when it was due, so that a late sender hides nothing."""
        began, running = time.perf_counter(), set()
        for number in range(round(per_second * seconds)):
            due = began + number / per_second
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            task = asyncio.create_task(self._one(number, due))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        self._close()

    async def as_fast_as_it_goes(self, callers: int, seconds: float) -> float:
        """A closed loop; answers the requests a second."""
        began = time.perf_counter()
        ends_at = began + seconds

        async def keep_asking(number: int) -> None:
            while time.perf_counter() < ends_at:
                await self._one(number, time.perf_counter())
                number += callers

        await asyncio.gather(*(keep_asking(number) for number in range(callers)))
        self._close()
        return len(self.tally.seconds) / (time.perf_counter() - began)

    async def _one(self, number: int, due: float) -> None:
        connection = self._idle.popleft() if self._idle else None
        try:
            async with asyncio.timeout(TIME_OUT_SECONDS):
                if connection is None or not connection.is_open:
                    connection = await self._place.connect()
                status = await connection.ask(self._requests[number % len(self._requests)])
        except (TimeoutError, OSError):
            self.tally.lost += 1
            return
        self.tally.seconds.append(time.perf_counter() - due)
        self.tally.statuses[status] += 1
        if status == 0:
            self.tally.lost += 1
        elif connection.is_open:
            self._idle.append(connection)

    def _close(self) -> None:
        for connection in self._idle:
            connection.close()


async def wait_again_and_again(place: Place, request: bytes, stop: asyncio.Event, tally: Tally) -> None:
    """One CI job: asks, and asks again as long as the answer is that it has not ended (202)."""
    while not stop.is_set():
        connection = await place.connect()
        began = time.perf_counter()
        asked = connection.ask(request)
        stopped = asyncio.create_task(stop.wait())
        either: set[asyncio.Future[Any]] = {asked, stopped}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if asked.done():
            tally.statuses[asked.result()] += 1
            tally.seconds.append(time.perf_counter() - began)
            tally.lost += asked.result() not in (200, 202)
        connection.close()


async def listen(place: Place, request: bytes, stop: asyncio.Event, heard: Counter[str]) -> None:
    """One tab with its stream: counts what it hears; the stream is not to end before the tab does."""
    reader, writer = await asyncio.open_connection(place.host, place.port)
    writer.write(request)
    stopped = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            reading = asyncio.create_task(reader.read(65536))
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                break
            data = reading.result()
            if not data:
                heard["ended"] += 1
                return
            heard["opened"] += data.startswith(b"HTTP/1.1 200")
            heard["refused"] += data.startswith(b"HTTP/1.1 4")
            heard["beats"] += data.count(b"event: beat")
            heard["topics"] += data.count(b'"topic"')
    finally:
        stopped.cancel()
        writer.close()


async def dawdle(place: Place, way: str, request: bytes, stop: asyncio.Event) -> None:
    """A slow client: one byte of its head or body a second, or it asks for much and does not read it."""
    while not stop.is_set():
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(place.host, place.port, limit=1024)
            if way == "reader":
                # Several answers, so that no buffer on the way takes them all.
                writer.write(request * 40)
                await _any(stop, asyncio.sleep(20))
            else:
                text = (
                    request
                    if way == "head"
                    else b"POST /api/v1/teams/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n"
                )
                sent = 1 if way == "head" else len(text)
                writer.write(text[:sent])
                while not stop.is_set() and not reader.at_eof() and not writer.is_closing():
                    writer.write(text[sent : sent + 1] or b" ")
                    sent += 1
                    await _any(stop, asyncio.sleep(1))
            writer.close()


async def _any(stop: asyncio.Event, sleeping: object) -> None:
    tasks = {asyncio.ensure_future(sleeping), asyncio.create_task(stop.wait())}  # type: ignore[call-overload]
    _done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
