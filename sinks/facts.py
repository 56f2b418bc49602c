"""A sink as plain values. None of them holds its address, its bearer token or its key."""

from __future__ import annotations

from typing import Any

from sinks.models import AuditSink

KEPT_IN_THE_LOG = ("name", "kind", "host", "allow_private_address", "is_active", "position")


def sink_facts(sink: AuditSink) -> dict[str, Any]:
    """What the API answers."""
    return {
        "id": str(sink.pk),
        "name": sink.name,
        "kind": sink.kind,
        "host": sink.host,
        "authority": sink.authority,
        "allow_private_address": sink.allow_private_address,
        "is_active": sink.is_active,
        "state": sink.state,
        "position": sink.position,
        "lag": getattr(sink, "lag", None),
        "delivered_at": sink.delivered_at,
        "failing_since": sink.failing_since,
        "attempts": sink.attempts,
        "next_attempt_at": sink.due_at if sink.failing_since and sink.is_active else None,
        "error": sink.error,
        "created_at": sink.created_at,
    }


def sink_audit(sink: AuditSink) -> dict[str, Any]:
    """What the log keeps of it."""
    return {name: value for name, value in sink_facts(sink).items() if name in KEPT_IN_THE_LOG}
