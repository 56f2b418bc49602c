"""How long requests take, by route."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from web.measures import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class MeasureMiddleware:
    """Outermost, so that everything Django does for a request is in the figure. Raw streams are not requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        # Only known routes and methods become labels: a scanner must not make a series with each address it tries.
        route = f"/{request.resolver_match.route}" if request.resolver_match else "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).observe(time.perf_counter() - began)
        return response
