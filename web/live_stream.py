"""`GET /live/?topics=a,b`: server-sent events that name the topics that changed, never their content.

A raw ASGI application, because a Django view would hold a thread, and maybe a database connection, for each viewer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host

from web import live
from web.connections import let_go
from web.errors import TooManyRequests
from web.live_hub import Hub, HubDown, Listener
from web.open_calls import kept_open
from web.raw_answers import id_of, refuse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT_SECONDS = 10.0
RECHECK_SECONDS = 15.0
MAX_QUERY_BYTES = 8192
# Sets the browser's own delay before it connects again, in milliseconds.
PREAMBLE = b"retry: 3000\n\n"
BEAT = b": beat\nevent: beat\ndata: {}\n\n"


class LiveStream:
    """The ASGI application. `who(session_key)` answers the signed-in person or None; it may ask the database."""

    def __init__(
        self,
        who: Callable[[str | None], Any | None],
        *,
        beat_seconds: float = BEAT_SECONDS,
        recheck_seconds: float = RECHECK_SECONDS,
    ) -> None:
        self._who = who
        self._beat_seconds = beat_seconds
        self._recheck_seconds = recheck_seconds
        self._hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="live")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 400, 401, 403, 404, 405, 503, or 200 and events until either side ends it."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if refusal := _refusal(scope, headers):
            await _refuse(scope, send, refusal)
            return
        session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        asked = _topics(scope["query_string"])
        allowed = await self._allowed(session_key, asked)
        if not allowed:
            await _refuse(scope, send, 401 if allowed is None else 404)
            return
        try:
            # A browser has one session however many tabs; a person with many browsers has a limit in each.
            with kept_open(session_key):
                async with self._hub().listen(frozenset(allowed)) as listener:
                    await send(_start(scope, 200, b"text/event-stream; charset=utf-8"))
                    await self._pour(listener, session_key, asked, receive, send)
        except TooManyRequests as error:
            await refuse(scope, send, error)
        except HubDown:
            await _refuse(scope, send, 503)

    async def _pour(
        self, listener: Listener, session_key: str | None, asked: list[str], receive: Receive, send: Send
    ) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        beat_at = check_at = time.monotonic()
        check_at += self._recheck_seconds
        await send(_body(PREAMBLE))
        try:
            while not gone.done() and not listener.is_lost:
                now = time.monotonic()
                if now >= check_at:
                    if await self._allowed(session_key, asked) != sorted(listener.topics):
                        break
                    check_at = now + self._recheck_seconds
                if now >= beat_at:
                    await send(_body(BEAT))
                    beat_at = now + self._beat_seconds
                topics = await self._next(listener, gone, max(0.0, min(beat_at, check_at) - time.monotonic()))
                for topic in sorted(topics):
                    await send(_body(b"data: " + json.dumps({"topic": topic}).encode() + b"\n\n"))
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()

    async def _next(self, listener: Listener, gone: asyncio.Task[None], seconds: float) -> set[str]:
        waiting = asyncio.create_task(listener.wait(seconds))
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        return set()

    async def _allowed(self, session_key: str | None, asked: list[str]) -> list[str] | None:
        """The topics this session may hear, sorted; None when nobody is signed in."""

        def ask() -> list[str] | None:
            try:
                user = self._who(session_key)
                return None if user is None else sorted(live.visible(user, asked))
            finally:
                let_go()

        return await asyncio.get_running_loop().run_in_executor(self._executor, ask)

    def _hub(self) -> Hub:
        loop = asyncio.get_running_loop()
        if loop not in self._hubs:
            self._hubs = {loop: Hub(settings.REDIS_URL, live.channel())}
        return self._hubs[loop]


def _refusal(scope: Scope, headers: dict[str, str]) -> int:
    """The status to refuse a request with before anybody is asked who it is; 0 when it may go on."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return 405
    host = headers.get("host", "")
    domain, _port = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return 400
    if len(scope["query_string"]) > MAX_QUERY_BYTES:
        return 400
    # Browsers leave Origin off a same-origin GET, and always send it along from elsewhere.
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return 403
    return 0


def _topics(query: bytes) -> list[str]:
    values = parse_qs(query.decode("ascii", "replace")).get("topics", [])
    found = {topic.strip() for value in values for topic in value.split(",")}
    return sorted(topic for topic in found if topic)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(scope: Scope, status: int, content_type: bytes) -> Message:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", content_type),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", id_of(scope).encode()),
        ],
    }


def _body(data: bytes) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": True}


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    await send(_start(scope, status, b"text/plain"))
    await send({"type": "http.response.body", "body": b"", "more_body": False})
