"""How much waits in a queue of Celery's."""

from __future__ import annotations

import redis

from web.redis_connection import connection


def messages_in(queue: str) -> int:
    """How many messages no worker has fetched yet. 0 where the broker does not answer: sending will tell of that."""
    try:
        return int(connection().llen(queue))
    except redis.RedisError:
        return 0
