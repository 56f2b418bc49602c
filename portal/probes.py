"""Probes are answered whatever host they name: a kubelet asks by the Pod's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal import health

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

PROBES = {"/healthz/live": health.live, "/healthz/ready": health.ready}


class ProbeMiddleware:
    """Stands before everything that looks at host, session or person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return probe(request) if probe else self.get_response(request)
