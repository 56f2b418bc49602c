"""Telling open pages that something changed: a topic's name is published after the commit, pages fetch the rest."""

from __future__ import annotations

from collections.abc import Callable
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
    """Tell open pages about topics, all by one message, once this transaction commits (at once outside of one).

    Never raises.
    """
    if topics:
        transaction.on_commit(partial(_send, topics), robust=True)


def _send(topics: tuple[str, ...]) -> None:
    try:
        connection().publish(channel(), BETWEEN.join(topics))
    except redis.RedisError as error:
        # Pages poll while the stream is down, so a lost message costs seconds, never data.
        PUBLISH_FAILURES.inc()
        log.warning("live_not_published", topics=topics, error=str(error))
