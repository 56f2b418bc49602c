"""A port of its own for a process's metrics, where SLIPWAY_METRICS_LISTEN names one."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured
from prometheus_client import start_http_server

_PROCESSES = {"web", "worker", "beat", "watch"}


def listen() -> None:
    """Answer GET /metrics on SLIPWAY_METRICS_LISTEN (host:port) without asking who calls: the network decides that.

    Only long-running processes listen. Raises ImproperlyConfigured for an address that cannot be had.
    """
    place = os.environ.get("SLIPWAY_METRICS_LISTEN", "").strip()
    if not place or os.environ.get("SLIPWAY_PROCESS") not in _PROCESSES:
        return
    host, _colon, port = place.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1")
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"SLIPWAY_METRICS_LISTEN: {place} cannot be listened on: {error}") from error
