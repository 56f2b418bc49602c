"""Telling open pages that something changed: a topic's name is published after the commit, pages fetch the rest."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import transaction

from web.measures import PUBLISH_FAILURES
from web.redis_connection import connection

log = structlog.get_logger(__name__)

MAX_TOPICS = 50
GATHERED_SECONDS = 0.1
# No name has a space in it.
BETWEEN = " "
_may_see: dict[str, Callable[[Any, str], bool]] = {}


def channel() -> str:
    """The one pub/sub channel that carries names of topics, with BETWEEN between them."""
    return f"{getattr(settings, 'REDIS_PREFIX', '')}slipway:live"


def register_topic(prefix: str, may_see: Callable[[Any, str], bool]) -> None:
    """Let topics of a prefix (`release` of `release:<id>`, or all of `releases`) be heard by whom `may_see` allows.

    `may_see(user, topic)` is asked when a stream opens and again every 15 s. A topic nobody registered is refused.
    """
    _may_see[prefix] = may_see


def forget_topic(prefix: str) -> None:
    """Take back a registration."""
    _may_see.pop(prefix, None)


def visible(user: Any, topics: list[str]) -> list[str]:
    """Those of the topics that this person may listen to."""
    return [
        topic
        for topic in topics[:MAX_TOPICS]
        if (may_see := _may_see.get(topic.partition(":")[0])) is not None and may_see(user, topic)
    ]


def publish(*topics: str) -> None:
    """Tell open pages about topics once this transaction commits, at once outside of one.

    What this process publishes within GATHERED_SECONDS after a message goes together by the next. Never raises.
    """
    if topics:
        transaction.on_commit(partial(_outbox.put, topics), robust=True)


class Outbox:
    """Topics on their way out of this process. A busy worker has some dozens a second, often the same ones."""

    def __init__(self, send: Callable[[Iterable[str]], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._sent_at = -GATHERED_SECONDS
        self._timer: threading.Timer | None = None

    def put(self, topics: Iterable[str]) -> None:
        """Send them now, or with all that come until it is time for the next message."""
        with self._lock:
            now = time.monotonic()
            if self._timer or now - self._sent_at < GATHERED_SECONDS:
                self._waiting.update(dict.fromkeys(topics))
                if self._timer is None:
                    self._timer = threading.Timer(self._sent_at + GATHERED_SECONDS - now, self.flush)
                    self._timer.daemon = True
                    self._timer.start()
                return
            self._sent_at = now
        self._send(topics)

    def flush(self) -> None:
        """Send what waits."""
        with self._lock:
            topics, self._waiting, self._timer = list(self._waiting), {}, None
            self._sent_at = time.monotonic()
        if topics:
            self._send(topics)


def _send(topics: Iterable[str]) -> None:
    try:
        connection().publish(channel(), BETWEEN.join(topics))
    except redis.RedisError as error:
        # Pages poll while the stream is down, so a lost message costs seconds, never data.
        PUBLISH_FAILURES.inc()
        log.warning("live_not_published", topics=list(topics), error=str(error))


_outbox = Outbox(_send)
atexit.register(_outbox.flush)
