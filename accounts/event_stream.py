"""`GET .../events/` with `Accept: text/event-stream`: a story as it is written, until its last line.

Each event carries its number as `id:`, so that a browser or script that lost the connection resumes with
`Last-Event-ID` and misses nothing. The stream ends after the event that ended the story; asked again after that, the
answer is 204, which tells an EventSource to stop.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.streaming import App, Call, Looker, Receive, Scope, Send, until_gone
from web.errors import NotPermitted, TooManyRequests
from web.open_calls import kept_open
from web.raw_answers import id_of, refuse

BEAT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 2.0
RECHECK_SECONDS = 15.0
PREAMBLE = b"retry: 3000\n\n"
BEAT = b": beat\n\n"
CONTENT_TYPE = b"text/event-stream"


@dataclass(frozen=True)
class News:
    """What was written since the last look. `is_over`: nothing more will come."""

    lines: list[bytes]
    last: int
    is_over: bool


class EventStream(ABC):
    """The ASGI application in front of Django's list of the same address."""

    def __init__(
        self, django: App, *, look_again_seconds: float = LOOK_AGAIN_SECONDS, recheck_seconds: float = RECHECK_SECONDS
    ) -> None:
        self._django = django
        self._look_again_seconds = look_again_seconds
        self._recheck_seconds = recheck_seconds
        self._looker = Looker()

    @staticmethod
    @abstractmethod
    def read(scope: Scope) -> Call | None:
        """The call; None for anything but a GET of such an address."""

    @staticmethod
    @abstractmethod
    def topic(call: Call) -> str:
        """What is published when there is news."""

    @staticmethod
    @abstractmethod
    def viewer(call: Call) -> UUID | None:
        """The caller's id, while they are still who they were and may see it."""

    @staticmethod
    @abstractmethod
    def news_of(call: Call, after: int) -> News:
        """What is numbered above `after`, as lines of the stream."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream to who asks for a stream and may have it; everybody else is answered by Django."""
        call = self.read(scope) if scope["type"] == "http" else None
        if call is None or not wants_stream(call):
            await self._django(scope, receive, send)
            return
        if call.is_foreign:
            await refuse(scope, send, NotPermitted(_("A page of another origin may not read this stream.")))
            return
        after = _number(call)
        viewer = await self._looker.look(lambda: self.viewer(call))
        if after is None or viewer is None:
            # Django's list says what is wrong, as a problem document.
            await self._django(_as_json(scope), receive, send)
            return
        try:
            with kept_open(viewer):
                await self._stream(scope, call, after, receive, send)
        except TooManyRequests as error:
            await refuse(scope, send, error)

    async def _stream(self, scope: Scope, call: Call, after: int, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        try:
            async with self._looker.woken_by(self.topic(call)) as wakeups:
                news = await self._looker.look(lambda: self.news_of(call, after))
                if news.is_over and not news.lines:
                    await send(_start(scope, 204))
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                await send(_start(scope, 200))
                await send(_body(PREAMBLE))
                beat_at = time.monotonic() + BEAT_SECONDS
                check_at = time.monotonic() + self._recheck_seconds
                while True:
                    for line in news.lines:
                        await send(_body(line))
                    if news.is_over or gone.done():
                        break
                    await wakeups.sleep(self._look_again_seconds, gone)
                    now = time.monotonic()
                    if now >= check_at:
                        if await self._looker.look(lambda: self.viewer(call)) is None:
                            break
                        check_at = now + self._recheck_seconds
                    if now >= beat_at:
                        await send(_body(BEAT))
                        beat_at = now + BEAT_SECONDS
                    news = await self._looker.look(partial(self.news_of, call, news.last))
                if not gone.done():
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


def wants_stream(call: Call) -> bool:
    """Whether the caller accepts nothing but a stream, as an EventSource does, or names it before anything else."""
    return call.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower() == CONTENT_TYPE.decode()


def _number(call: Call) -> int | None:
    """After which event to begin: Last-Event-ID, else `?after=`, else 0; None for what is no number."""
    text = call.headers.get("last-event-id") or call.query.get("after", ["0"])[0] or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _as_json(scope: Scope) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept"]
    return {**scope, "headers": [*headers, (b"accept", b"application/json")]}


def _start(scope: Scope, status: int) -> dict[str, object]:
    headers = [(b"content-type", CONTENT_TYPE + b"; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += [(b"x-request-id", id_of(scope).encode())]
    headers += [(b"x-accel-buffering", b"no"), (b"x-content-type-options", b"nosniff")]
    return {"type": "http.response.start", "status": status, "headers": headers if status == 200 else headers[1:]}


def _body(data: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": True}
