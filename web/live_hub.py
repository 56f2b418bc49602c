"""One Redis subscription per process, shared by all streams that are open in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import redis.asyncio
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from web.live import BETWEEN

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0


class HubDown(Exception):
    """Redis does not answer: no stream can be served, pages poll instead."""


class Listener:
    """What one stream waits for. A topic published twice before it is taken counts once."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.is_lost = False
        self._pending: set[str] = set()
        self._wake = asyncio.Event()

    def tell(self, topics: Iterable[str]) -> None:
        """These were published."""
        if heard := self.topics.intersection(topics):
            self._pending |= heard
            self._wake.set()

    def lose(self) -> None:
        """The subscription broke: what was published meanwhile is unknown, so the stream has to end."""
        self.is_lost = True
        self._wake.set()

    async def wait(self, seconds: float) -> set[str]:
        """The topics published since the last call; empty after `seconds` without one, or when the hub is lost."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()
        pending, self._pending = self._pending, set()
        return pending


class Hub:
    """Subscribes while anybody listens. Belongs to one event loop."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._listeners: set[Listener] = set()
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def listen(self, topics: frozenset[str]) -> AsyncIterator[Listener]:
        """A listener that hears everything published from now on. Raises HubDown."""
        await self._ensure_subscribed()
        listener = Listener(topics)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def _ensure_subscribed(self) -> None:
        async with self._starting:
            if self._reader is not None and not self._reader.done():
                return
            connection = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=CONNECT_SECONDS)
            subscription = connection.pubsub(ignore_subscribe_messages=True)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await subscription.subscribe(self._channel)
            except (RedisError, OSError, TimeoutError) as error:
                await connection.aclose()
                raise HubDown from error
            self._reader = asyncio.create_task(self._read(connection, subscription))

    async def _read(self, connection: redis.asyncio.Redis, subscription: PubSub) -> None:
        try:
            async for message in subscription.listen():
                topics = message["data"].decode().split(BETWEEN)
                for listener in tuple(self._listeners):
                    listener.tell(topics)
        except (RedisError, OSError) as error:
            log.warning("live_subscription_lost", error=str(error))
        finally:
            for listener in tuple(self._listeners):
                listener.lose()
            with suppress(RedisError, OSError):
                await subscription.aclose()  # type: ignore[no-untyped-call]
                await connection.aclose()
