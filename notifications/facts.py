"""A channel and its deliveries as plain values. None of them holds the address of a webhook or its key."""

from __future__ import annotations

from typing import Any

from notifications.models import Channel, Notice


def channel_facts(channel: Channel) -> dict[str, Any]:
    """What the API answers."""
    return {
        "id": str(channel.pk),
        "team": channel.team.name if channel.team else None,
        "name": channel.name,
        "kind": channel.kind,
        "events": channel.events,
        "to": channel.to,
        "host": channel.host,
        "allow_private_address": channel.allow_private_address,
        "is_active": channel.is_active,
        "created_at": channel.created_at,
    }


def channel_audit(channel: Channel) -> dict[str, Any]:
    """What the log keeps of it."""
    left_out = ("id", "created_at")
    return {name: value for name, value in channel_facts(channel).items() if name not in left_out}


def notice_facts(notice: Notice) -> dict[str, Any]:
    """One delivery."""
    return {
        "id": str(notice.pk),
        "key": notice.key,
        "event": notice.event,
        "state": notice.state,
        "title": notice.body.get("title", ""),
        "attempts": notice.attempts,
        "answer": notice.answer,
        "created_at": notice.created_at,
        "due_at": notice.due_at,
        "delivered_at": notice.delivered_at,
    }
