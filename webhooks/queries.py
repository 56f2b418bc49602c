"""Sources of webhooks and what they delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webhooks.models import WebhookDelivery, WebhookSource

if TYPE_CHECKING:
    from accounts.models import User

KEPT = timedelta(days=30)


def source_list(user: User) -> QuerySet[WebhookSource]:
    """The sources that the user may see."""
    return WebhookSource.objects.visible_to(user).select_related("team", "robot").order_by("name")


def delivery_log(source: WebhookSource) -> QuerySet[WebhookDelivery]:
    """What the source told, newest first."""
    return source.deliveries.order_by("-received_at", "-id")


def forget_old_deliveries() -> int:
    """Remove what was told a month ago. Answers how many."""
    old = WebhookDelivery.objects.filter(due_at=None, received_at__lt=timezone.now() - KEPT)
    return old.delete()[0]


def uses_of(robot: User) -> list[str]:
    """The sources that act as the robot, in words."""
    return [_("the webhook source %(name)s") % {"name": source.name} for source in robot.webhook_sources.all()]


def may_follow(user: User, topic: str) -> bool:
    """Whether the page of the source `webhook_source:<name>` is this person's to see."""
    return WebhookSource.objects.visible_to(user).filter(name=topic.partition(":")[2]).exists()
