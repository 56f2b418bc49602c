"""Whether a worker attends to the releases that wait: then waking one needs no Celery message.

A key in Redis says so. It is renewed by who attends and goes before they do.
"""

from __future__ import annotations

import time
from contextlib import suppress

import redis
from django.conf import settings

from web.redis_connection import connection

# Of a process that is stopped or killed nobody believes longer that it attends.
BELIEVED_MILLISECONDS = 250
SAY_EVERY_SECONDS = 0.1


def is_attended() -> bool:
    """Whether somebody attends. Raises redis.RedisError."""
    return bool(connection().exists(_key()))


class Saying:
    """What one thread says of itself. While Redis is away it is not heard, and nobody can be sent a message either."""

    def __init__(self) -> None:
        self._said = -SAY_EVERY_SECONDS

    def go_on(self) -> None:
        """Say it again, if it was not said just now."""
        if (now := time.monotonic()) - self._said < SAY_EVERY_SECONDS:
            return
        self._said = now
        with suppress(redis.RedisError):
            connection().set(_key(), 1, px=BELIEVED_MILLISECONDS)

    def end(self) -> None:
        """Take it back. What was marked before is still there to be found."""
        with suppress(redis.RedisError):
            connection().delete(_key())


def _key() -> str:
    return f"{settings.REDIS_PREFIX}slipway:attended"
