"""Django as an ASGI application: each request is answered by one thread of a pool that stays.

Django's own handler makes a thread for each request, opens a database connection in it, and crosses between thread and
event loop several times, since some of the middleware is synchronous and some is not. Here a request crosses once, and
threads keep their connections. What was answered is sent from the event loop, so that a caller who reads slowly holds
no thread.

Python runs one thread at a time. Sixteen that all want to run take it from one another at every call of the database,
and use twice the processor time for the same answers. So requests begin one after another, and one that takes
long, as it waits for a cluster, soon lets the next one begin.
"""

from __future__ import annotations

import asyncio
import contextvars
import tempfile
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
# Answers up to this size are taken whole, also those that are made in pieces.
WHOLE_BYTES = 1024 * 1024


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

        def send_from_thread(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

        # What a request notes for its own time (its id, its language) must not be found by the next one.
        context = contextvars.copy_context()
        async with self._turn:
            answer = loop.run_in_executor(self._pool, context.run, self._django.answer, scope, body, send_from_thread)
            await asyncio.wait([answer], timeout=TURN_SECONDS)
        for message in await answer:
            await send(message)


class _Django(ASGIHandler):
    """Django's middleware and views, all of it synchronous."""

    def __init__(self) -> None:
        self.load_middleware(is_async=False)

    def answer(self, scope: Scope, body: IO[bytes], send: Callable[[Message], None]) -> list[Message]:
        """What to send for one request. Of a long answer in pieces all but the end is sent from here."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        try:
            response = self._respond(scope, body)
            try:
                return self._messages(response, send)
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

    def _messages(self, response: HttpResponseBase, send: Callable[[Message], None]) -> list[Message]:
        start = {"type": "http.response.start", "status": response.status_code, "headers": _headers(response)}
        if isinstance(response, HttpResponse):
            return [start, {"type": "http.response.body", "body": response.content}]
        pieces = iter(response)
        first, is_all = _first(pieces)
        if is_all:
            return [start, {"type": "http.response.body", "body": b"".join(first)}]
        send(start)
        for piece in chain(first, pieces):
            send({"type": "http.response.body", "body": piece, "more_body": True})
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


async def _send(send: Send, message: Message) -> None:
    await send(message)
