"""Channels, and the outbox: what is still to be told, and what was."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from durable.encryption import EncryptedJSONField
from durable.leased_row import DueRow

if TYPE_CHECKING:
    from accounts.models import Team, User


class ChannelQuerySet(QuerySet["Channel"]):
    def visible_to(self, user: User) -> ChannelQuerySet:
        """Admins see every channel; others those of their teams."""
        return self if user.is_admin else self.filter(team__in=user.memberships.values("team"))


class Channel(models.Model):
    """Where a team is told of events of some kinds; without a team: of every team's.

    `secret` holds {url, key} of a webhook: the address of a chat's webhook is a password by itself. `to` are the
    addresses of an e-mail channel, `host` is what may be shown of the URL.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Signed webhook")
        SLACK = "slack", _("Slack-compatible webhook")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team: models.ForeignKey[Team | None, Team | None] = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, null=True, related_name="channels"
    )
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    events = models.JSONField[list[str]](default=list)
    to = models.JSONField[list[str]](default=list)
    host = models.CharField(max_length=255, blank=True)
    secret = EncryptedJSONField(default=dict)
    allow_private_address = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="channel_name_in_team"),
            models.UniqueConstraint(fields=["name"], condition=Q(team=None), name="channel_name_of_all_teams"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("notifications:channel", args=[self.pk])


class Notice(DueRow):
    """One thing to tell one channel: an outbox row, written in the transaction of the event.

    `key` names the event; with the channel it is unique, and it goes out as the delivery's id, so that a receiver can
    tell a repetition. Delivered at least once: `due_at` grows with `attempts`; `parked_at` says when it was given up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(max_length=120)
    event = models.CharField(max_length=32)
    body = models.JSONField[dict[str, Any]](default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    # Processes of an older version know the column by this name, and nothing of an owner.
    lease_until = models.DateTimeField(null=True, db_column="leased_until")
    lease_owner = models.CharField(max_length=32, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["channel", "key"], name="told_once_a_channel")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="notice_due"),
            models.Index(fields=["channel", "-created_at"], name="notice_by_channel"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def state(self) -> str:
        """delivered, failed (given up) or pending."""
        if self.delivered_at:
            return "delivered"
        return "failed" if self.parked_at else "pending"
