"""Channels and what went through them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from notifications.models import Channel, Notice

if TYPE_CHECKING:
    from accounts.models import User

KEPT = timedelta(days=30)


def channel_list(user: User) -> QuerySet[Channel]:
    """The channels that the user may see, with how much is under way and how much was given up."""
    pending = Count("notices", filter=Q(notices__due_at__isnull=False))
    parked = Count("notices", filter=Q(notices__parked_at__isnull=False))
    return (
        Channel.objects.visible_to(user)
        .select_related("team")
        .annotate(pending=pending, parked=parked)
        .order_by("name", "id")
    )


def delivery_log(channel: Channel) -> QuerySet[Notice]:
    """What the channel was told, newest first."""
    return channel.notices.order_by("-created_at", "-id")


def forget_old_notices() -> int:
    """Remove what was delivered or given up a month ago. Answers how many."""
    old = Notice.objects.filter(due_at=None, created_at__lt=timezone.now() - KEPT)
    removed, _by_model = old.delete()
    return removed


def may_follow(user: User, topic: str) -> bool:
    """Whether the page of the channel `channel:<id>` is this person's to see."""
    try:
        channel_id = UUID(topic.partition(":")[2])
    except ValueError:
        return False
    return Channel.objects.visible_to(user).filter(pk=channel_id).exists()
