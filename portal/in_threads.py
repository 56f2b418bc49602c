"""Django as an ASGI application: each request is answered by one thread of a pool that stays.

Django's own handler makes a thread for each request, opens a database connection in it, and crosses between thread and
event loop several times, since some of the middleware is synchronous and some is not. Here a request crosses once, and
threads keep their connections. What was answered is sent from the event loop, so that a caller who reads slowly holds
no thread: a long answer in pieces goes into a file meanwhile, as fast as it is made.

Python runs one thread at a time. Sixteen that all want to run take it from one another at every call of the database,
and use twice the processor time for the same answers. So requests begin one after another, and one that takes
long, as it waits for a cluster, soon lets the next one begin.
"""

from __future__ import annotations

import asyncio
import contextvars
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import set_script_prefix

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping

    from django.http.response import HttpResponseBase

    Scope = MutableMapping[str, Any]
    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Pages that ask a cluster wait for it, at most three seconds: more threads than cores are of use.
THREADS = 16
# For how many seconds the next request waits for the one before it.
TURN_SECONDS = 0.03
# Answers up to this size are taken whole, also those that are made in pieces. Of longer ones more lies in a file.
WHOLE_BYTES = 1024 * 1024
PIECE_BYTES = 64 * 1024


class InThreads:
    """The ASGI application."""

    def __init__(self, threads: int = THREADS) -> None:
        self._django = _Django()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"Django answers http, not {scope['type']}.")
        body = await _read(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        pieces = _Pieces(loop)
        # What a request notes for its own time (its id, its language) must not be found by the next one.
        context = contextvars.copy_context()
        try:
            async with self._turn:
                answer = loop.run_in_executor(self._pool, context.run, self._django.answer, scope, body, pieces)
                answer.add_done_callback(pieces.end)
                await asyncio.wait([answer], timeout=TURN_SECONDS)
            await pieces.send_on(send)
            for message in await answer:
                await send(message)
        finally:
            pieces.close()


class _Pieces:
    """The beginning of a long answer, written by a thread and read by the event loop, which sends it on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._start: Message | None = None
        self._read_at = 0
        self._more = asyncio.Event()
        self._has_ended = False
        self._is_closed = False

    def begin(self, start: Message) -> None:
        """From the thread: what comes is a long answer."""
        self._start = start

    def write(self, piece: bytes) -> None:
        """From the thread. Raises CallerGone when nobody is there to read it."""
        with self._lock:
            if self._is_closed:
                raise CallerGone
            if self._file is None:
                self._file = tempfile.SpooledTemporaryFile(max_size=WHOLE_BYTES)  # noqa: SIM115 - `close` does
            self._file.seek(0, 2)
            self._file.write(piece)
        self._loop.call_soon_threadsafe(self._more.set)

    def end(self, _answer: object) -> None:
        """In the event loop: the thread is done."""
        self._has_ended = True
        self._more.set()

    async def send_on(self, send: Send) -> None:
        """Send what there is, until the thread is done and all is sent."""
        while True:
            self._more.clear()
            has_ended = self._has_ended
            while piece := self._read():
                if self._start is not None:
                    await send(self._start)
                    self._start = None
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if has_ended:
                return
            await self._more.wait()

    def close(self) -> None:
        """Drop what is left. A thread that still writes stops at its next piece."""
        with self._lock:
            self._is_closed = True
            if self._file is not None:
                self._file.close()

    def _read(self) -> bytes:
        with self._lock:
            if self._file is None:
                return b""
            self._file.seek(self._read_at)
            piece = self._file.read(PIECE_BYTES)
            self._read_at += len(piece)
            return piece


class CallerGone(Exception):
    """Whoever asked has gone away before the answer was made."""


class _Django(ASGIHandler):
    """Django's middleware and views, all of it synchronous."""

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    def answer(self, scope: Scope, body: IO[bytes], pieces: _Pieces) -> list[Message]:
        """What to send for one request. Of a long answer in pieces all but the end goes to `pieces`."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        try:
            response = self._respond(scope, body)
            try:
                return self._messages(response, pieces)
            finally:
                # Ends the request for the database as well, in the thread that has the connection.
                response.close()
        finally:
            body.close()

    def _respond(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        try:
            request = ASGIRequest(dict(scope), body)
        except UnicodeDecodeError:
            return HttpResponseBadRequest()
        except RequestDataTooBig:
            return HttpResponse("413 Payload too large", status=413)
        response = self.get_response(request)
        response._handler_class = type(self)  # type: ignore[attr-defined]
        return response

    def _messages(self, response: HttpResponseBase, kept: _Pieces) -> list[Message]:
        start = {"type": "http.response.start", "status": response.status_code, "headers": _headers(response)}
        if isinstance(response, HttpResponse):
            return [start, {"type": "http.response.body", "body": response.content}]
        pieces = iter(response)
        first, is_all = _first(pieces)
        if is_all:
            return [start, {"type": "http.response.body", "body": b"".join(first)}]
        kept.begin(start)
        try:
            for piece in chain(first, pieces):
                kept.write(bytes(piece))
        except CallerGone:
            return []
        return [{"type": "http.response.body", "body": b""}]


def _first(pieces: Iterator[bytes]) -> tuple[list[bytes], bool]:
    """The beginning of an answer, and whether it is all of it."""
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        found.append(bytes(piece))
        size += len(piece)
        if size > WHOLE_BYTES:
            return found, False
    return found, True


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").strip().encode("ascii")) for cookie in response.cookies.values()
    ]
    return headers


async def _read(receive: Receive) -> IO[bytes] | None:
    """The body, large ones in a file; None when the caller left before its end."""
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE, mode="w+b")  # noqa: SIM115 - the handler closes it
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.close()
            return None
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            break
    body.seek(0)
    return body
