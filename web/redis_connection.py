"""This process's connection to Redis, for short commands."""

from __future__ import annotations

from functools import lru_cache

import redis
from django.conf import settings


def connection() -> redis.Redis:
    """The connection to `settings.REDIS_URL`. A command that takes longer than a second raises redis.RedisError."""
    return _to(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _to(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
