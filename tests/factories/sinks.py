"""Audit sinks for tests."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from sinks.models import AuditSink
from sinks.rules import fill

_numbers = count(1)


def new_sink(name: str = "", address: str = "tcp://127.0.0.1:9", **fields: Any) -> AuditSink:
    """A sink as its command leaves it, from the beginning of the log, at a private address."""
    due_at = timezone.now() - timedelta(seconds=1)
    sink = AuditSink(position=fields.pop("position", 0), due_at=due_at)
    fill(sink, {"name": name or f"sink-{next(_numbers)}", "allow_private_address": True, "address": address, **fields})
    sink.save()
    return sink
