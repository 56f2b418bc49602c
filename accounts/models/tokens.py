"""The tokens people give to machines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Role, User


class TokenQuerySet(models.QuerySet["Token"]):
    def visible_to(self, user: User) -> TokenQuerySet:
        """Admins see everybody's tokens; others their own and those of the robots of teams that they maintain."""
        if user.is_admin:
            return self
        maintained = user.memberships.filter(role=Role.MAINTAINER, environment="").values("team")
        return self.filter(models.Q(user=user) | models.Q(user__robot_of__in=maintained))

    def usable(self) -> TokenQuerySet:
        """Neither revoked nor expired, of people who are active and whom their provider, if they have one, knows."""
        now = timezone.now()
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        vouched = models.Q(user__vouched_until=None) | models.Q(user__vouched_until__gt=now)
        return self.filter(alive, vouched, revoked_at=None, user__is_active=True)


class Token(models.Model):
    """What a machine shows instead of a password. Only its hash is stored.

    `scopes`, `teams`, `services` and `environments` narrow what it may do; an empty list narrows nothing. After a
    rotation `old_hash` is that of the secret before, good until `old_until`.
    """

    class Way(models.TextChoices):
        MADE = "made", _("made by hand")
        EXCHANGE = "exchange", _("exchanged by a CI job")
        DEVICE = "device", _("allowed for a command line")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, blank=True)
    teams = models.JSONField(_("teams"), default=list, blank=True)
    services = models.JSONField(_("services"), default=list, blank=True)
    environments = models.JSONField(_("environments"), default=list, blank=True)
    way = models.CharField(max_length=8, choices=Way.choices, default=Way.MADE, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, db_index=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.CharField(max_length=45, blank=True, default="", editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    rotated_at = models.DateTimeField(null=True, editable=False)
    old_hash = models.CharField(max_length=64, blank=True, default="", editable=False, db_index=True)
    old_until = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def on_behalf_of(self) -> str:
        """For whom its user acts: the CI job that swapped its identity for it. The audit log says so."""
        return self.name if self.way == self.Way.EXCHANGE else ""

    @property
    def state(self) -> str:
        """usable, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= timezone.now() else "usable"

    @property
    def is_good(self) -> bool:
        """The same as `usable()` says, of a row that is at hand with its user."""
        return self.state == "usable" and self.user.is_active and self.user.is_vouched

    @property
    def is_narrowed(self) -> bool:
        """Whether it reaches less than its user by anything but scopes."""
        return bool(self.teams or self.services or self.environments)

    def was_used(self, at: datetime, address: str = "") -> bool:
        """Note the use, at most once a minute so that reads do not turn into writes. Answers whether it was noted."""
        if self.last_used_at and at - self.last_used_at < timedelta(minutes=1):
            return False
        self.last_used_from = address[:45] or self.last_used_from
        Token.objects.filter(pk=self.pk).update(last_used_at=at, last_used_from=self.last_used_from)
        self.last_used_at = at
        return True
