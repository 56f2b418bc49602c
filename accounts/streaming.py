"""What calls that stay open share: who calls, whether they still may, and being woken when something changes.

They are raw ASGI applications before Django, because a Django view would hold a thread, and a database connection, for
each caller that waits. Whatever is no plain case (nobody signed in, a bad parameter) they pass on to Django, whose view
of the same address answers it like every other call.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.http import parse_cookie

from accounts.api_auth import user_for_session, user_for_token
from web import live
from web.connections import let_go
from web.live_hub import Hub, HubDown, Listener

if TYPE_CHECKING:
    from accounts.models import User

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = TypeVar("Answer")

# Looks at the database, each a millisecond or two; more would only queue before SQLite.
LOOKING_THREADS = 4


@dataclass(frozen=True)
class Call:
    """One request, read as far as is needed here. `pk` is that of the thing which its address names."""

    pk: UUID
    headers: dict[str, str]
    query: dict[str, list[str]]

    @classmethod
    def of(cls, scope: Scope, address: re.Pattern[str]) -> Call | None:
        """None for anything but a GET of such an address; its group `id` is the primary key."""
        match = address.match(scope["path"])
        if match is None or scope["method"] != "GET":
            return None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
        return cls(UUID(match["id"]), headers, query)

    @property
    def is_foreign(self) -> bool:
        """Whether a page of another origin makes a browser call (T21). A token is its own proof."""
        if "authorization" in self.headers:
            return False
        origin = self.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != self.headers.get("host", "").lower():
            return True
        return self.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}

    def who(self) -> User | None:
        """The caller, asked anew each time: a token may be revoked, a session ended. One or two queries."""
        if header := self.headers.get("authorization"):
            scheme, _space, raw = header.partition(" ")
            return user_for_token(raw.strip()) if scheme.lower() == "bearer" else None
        return user_for_session(parse_cookie(self.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME))


class Looker:
    """Asks the database from a few threads of its own, however many wait; wakes who waits for a topic."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(LOOKING_THREADS, thread_name_prefix="open-calls")
        self._hubs: dict[asyncio.AbstractEventLoop, Hub] = {}

    async def look(self, ask: Callable[[], Answer]) -> Answer:
        """Answer a question to the database."""

        def and_let_go() -> Answer:
            try:
                return ask()
            finally:
                let_go()

        return await asyncio.get_running_loop().run_in_executor(self._executor, and_let_go)

    @asynccontextmanager
    async def woken_by(self, topic: str) -> AsyncIterator[Wakeups]:
        """Wake-ups for a live topic. Without Redis there are none, and looking again now and then has to do."""
        loop = asyncio.get_running_loop()
        if loop not in self._hubs:
            self._hubs = {loop: Hub(settings.REDIS_URL, live.channel())}
        try:
            listening = self._hubs[loop].listen(frozenset({topic}))
            listener = await listening.__aenter__()
        except HubDown:
            yield Wakeups(None)
            return
        try:
            yield Wakeups(listener)
        finally:
            await listening.__aexit__(None, None, None)


class Wakeups:
    """Sleeps until the topic is published, or until it is time to look anyway."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener

    async def sleep(self, seconds: float, gone: asyncio.Task[None]) -> None:
        """At most this long; shorter when something changes or the caller hangs up."""
        is_deaf = self._listener is None or self._listener.is_lost
        waiting: asyncio.Task[Any] = asyncio.create_task(
            asyncio.sleep(seconds) if is_deaf or self._listener is None else self._listener.wait(seconds)
        )
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


async def until_gone(receive: Receive) -> None:
    """Ends when the caller hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pass_on(app: App, scope: Scope, gone: asyncio.Task[None] | None, receive: Receive, send: Send) -> None:
    """Let Django answer. Where the caller is watched already, Django hears of a bodyless request and of its end."""
    if gone is None:
        await app(scope, receive, send)
        return
    told = False

    async def retold() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.shield(gone)
        return {"type": "http.disconnect"}

    await app(scope, retold, send)
