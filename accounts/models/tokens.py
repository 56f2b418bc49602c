"""The tokens people give to machines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class TokenQuerySet(models.QuerySet["Token"]):
    def visible_to(self, user: User) -> TokenQuerySet:
        """Admins see everybody's tokens; others their own."""
        return self if user.is_admin else self.filter(user=user)

    def usable(self) -> TokenQuerySet:
        """Neither revoked nor expired, of people who are active and whom their provider, if they have one, knows."""
        now = timezone.now()
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        vouched = models.Q(user__vouched_until=None) | models.Q(user__vouched_until__gt=now)
        return self.filter(alive, vouched, revoked_at=None, user__is_active=True)


class Token(models.Model):
    """What a machine shows instead of a password. Only its hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """usable, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= timezone.now() else "usable"

    def was_used(self, at: datetime) -> bool:
        """Note the use, at most once a minute so that reads do not turn into writes. Answers whether it was noted."""
        if self.last_used_at and at - self.last_used_at < timedelta(minutes=1):
            return False
        Token.objects.filter(pk=self.pk).update(last_used_at=at)
        self.last_used_at = at
        return True
