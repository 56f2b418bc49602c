"""Where a call comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the last one a trusted proxy added, else the connection's own."""
    if settings.TRUST_FORWARDED_FOR and (chain := request.headers.get("X-Forwarded-For", "")):
        return chain.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a name for "unknown", nothing is bound to it
