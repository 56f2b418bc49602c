"""Programs that ask to act for a person, who allows it in the browser (RFC 8628)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class DeviceLogin(models.Model):
    """One request of a program. The token is made when the program collects it, so that none is stored here."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ALLOWED = "allowed", _("allowed")
        REFUSED = "refused", _("refused")
        USED = "used", _("used")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    device_hash = models.CharField(max_length=64, unique=True, editable=False)
    user_code = models.CharField(max_length=8, unique=True, editable=False)
    client = models.CharField(max_length=100)
    address = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    lasts_seconds = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="device_logins")
    interval_seconds = models.PositiveIntegerField(default=5)
    polled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["address", "created_at"], name="device_login_of_address")]

    def __str__(self) -> str:
        return self.client

    def is_open(self, now: datetime) -> bool:
        """Whether a person can still decide about it."""
        return self.state == self.State.PENDING and now < self.expires_at


class DeviceGuess(models.Model):
    """One try of a person to name a user code, so that nobody tries them all."""

    user = models.ForeignKey(User, models.CASCADE, related_name="device_guesses")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "at"], name="device_guess_of_user")]
