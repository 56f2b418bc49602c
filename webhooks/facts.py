"""A source and its deliveries as plain values. None of them holds the secret."""

from __future__ import annotations

from typing import Any

from webhooks.models import WebhookDelivery, WebhookSource


def source_facts(source: WebhookSource) -> dict[str, Any]:
    """What the API answers."""
    return {
        "id": str(source.pk),
        "name": source.name,
        "kind": source.kind,
        "team": source.team.name,
        "robot": source.robot.username,
        "rules": source.rules,
        "is_active": source.is_active,
        "created_at": source.created_at,
        "last_delivery_at": source.last_delivery_at,
    }


def source_audit(source: WebhookSource) -> dict[str, Any]:
    """What the log keeps of it."""
    left_out = ("id", "created_at", "last_delivery_at")
    return {name: value for name, value in source_facts(source).items() if name not in left_out}


def delivery_facts(delivery: WebhookDelivery) -> dict[str, Any]:
    """One delivery."""
    return {
        "id": str(delivery.pk),
        "key": delivery.key,
        "event": delivery.event,
        "state": delivery.state,
        "address": delivery.address,
        "pushes": delivery.pushes,
        "results": delivery.results,
        "releases": delivery.releases,
        "received_at": delivery.received_at,
        "done_at": delivery.done_at,
        "again_of": str(delivery.again_of_id) if delivery.again_of_id else None,
    }
