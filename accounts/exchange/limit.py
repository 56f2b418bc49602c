"""How often one address may ask without having shown who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from redis import RedisError

from accounts.lockout import client_address
from web.throttle import WINDOW_SECONDS, RateLimit, clock

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class AddressLimit(RateLimit):
    """So many calls a minute from one address, of one kind: `limit_name` and `limit_per_minute` of the view."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        window, left = divmod(clock(), WINDOW_SECONDS)
        self.reset_seconds = int(WINDOW_SECONDS - left) + 1
        limit: int = view.limit_per_minute  # type: ignore[attr-defined]
        name: str = view.limit_name  # type: ignore[attr-defined]
        who = client_address(request._request)
        try:
            used = self._count(f"{settings.REDIS_PREFIX}rate:{name}:{who}:{int(window)}")
        except RedisError as error:
            log.warning("rate_limit.not_counted", error=type(error).__name__)
            return True
        return used <= limit
