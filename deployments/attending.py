"""Whether a thread of some worker stands by for the next release: then waking one needs no Celery message.

Who has ticked all that waited stands by for a moment and looks for marks itself, as much comes in a row: the objects
of a write change one after another. While it does, a key in Redis says so; the key goes before the thread does, and
what was marked meanwhile is looked for once more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings

from web.redis_connection import connection

STANDS_BY_SECONDS = 0.3
LOOK_EVERY_SECONDS = 0.01
# Of a process that is stopped or killed nobody believes longer that it stands by.
BELIEVED_MILLISECONDS = 100

_one = threading.Lock()


def is_attended() -> bool:
    """Whether somebody stands by. Raises redis.RedisError."""
    return bool(connection().exists(_key()))


def stand_by_until(somebody_waits: Callable[[], bool]) -> bool:
    """Stand by until somebody waits, for STANDS_BY_SECONDS: whether anybody does.

    Not at all while another thread of this process stands by, or while Redis is away. When this returns, a wake-up
    sends messages again: who was marked before that is still there to be found.
    """
    if not _one.acquire(blocking=False):
        return False
    try:
        found = _look(somebody_waits)
        connection().delete(_key())
        return found or somebody_waits()
    except redis.RedisError:
        return somebody_waits()
    finally:
        _one.release()


def _look(somebody_waits: Callable[[], bool]) -> bool:
    end, told = time.monotonic() + STANDS_BY_SECONDS, 0.0
    while (now := time.monotonic()) < end:
        if now - told > BELIEVED_MILLISECONDS / 4000:
            connection().set(_key(), 1, px=BELIEVED_MILLISECONDS)
            told = now
        if somebody_waits():
            return True
        time.sleep(LOOK_EVERY_SECONDS)
    return False


def _key() -> str:
    return f"{settings.REDIS_PREFIX}slipway:attended"
