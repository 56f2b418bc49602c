"""How much waits in a queue of Celery's."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings


def messages_in(queue: str) -> int:
    """How many messages no worker has fetched yet. 0 where the broker does not answer: sending will tell of that."""
    try:
        return int(_redis().llen(queue))
    except redis.RedisError:
        return 0


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1.0, socket_connect_timeout=1.0)
