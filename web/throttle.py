"""Rate limits: so many calls a person or an address and minute, counted in Redis by one atomic script. A missing Redis
limits nobody: the portal stays usable."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import structlog
from django.conf import settings
from redis import Redis, RedisError
from redis.commands.core import Script
from rest_framework.throttling import BaseThrottle

from web.addresses import client_address

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
clock = time.time
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""


@lru_cache(maxsize=4)
def _counting(url: str) -> Script:
    """The script, of which only the name is sent once the server knows it."""
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5).register_script(_COUNT)


def seconds_to_wait(name: str, limit: int) -> int:
    """Count one more of that name; 0, or the seconds until there may be another one."""
    used, left = _used(name)
    return left if used is not None and used > limit else 0


def _used(name: str) -> tuple[int | None, int]:
    """Count one more of that name. How many that makes in this window, None where nobody counts, and the seconds until
    the next one."""
    window, gone = divmod(clock(), WINDOW_SECONDS)
    left = math.ceil(WINDOW_SECONDS - gone)
    key = f"{settings.REDIS_PREFIX}rate:{name}:{int(window)}"
    try:
        return cast("int", _counting(settings.REDIS_URL)(keys=[key], args=[WINDOW_SECONDS + 5])), left
    except RedisError as error:
        log.warning("rate_limit.not_counted", error=type(error).__name__)
        return None, left


class RateLimit(BaseThrottle):
    """Counts calls by person in windows of one minute, whatever web process answers them; calls of nobody, which carry
    a proof of their own, by address."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        who, limit = self.counted(request, view)
        used, self.reset_seconds = _used(who)
        if used is None:
            return True
        request._request.rate_limit = {  # type: ignore[attr-defined]
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(max(0, limit - used)),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        return used <= limit

    def counted(self, request: Request, view: APIView) -> tuple[str, int]:
        """Under which name the call is counted, and how many such calls a minute may have."""
        if request.user.pk is not None:
            return str(request.user.pk), settings.RATE_LIMIT_PER_MINUTE
        return client_address(request._request), settings.ANONYMOUS_RATE_LIMIT_PER_MINUTE

    def wait(self) -> float:
        return self.reset_seconds


class AddressLimit(RateLimit):
    """Counts the calls of one kind by address, whoever makes them: `limit_name` and `limit_per_minute` of the view."""

    def counted(self, request: Request, view: APIView) -> tuple[str, int]:
        return f"{view.limit_name}:{client_address(request._request)}", view.limit_per_minute  # type: ignore[attr-defined]
