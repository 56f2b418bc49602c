"""Where the audit log is sent on to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from durable.encryption import EncryptedJSONField

if TYPE_CHECKING:
    from accounts.models import User


class SinkQuerySet(models.QuerySet["AuditSink"]):
    def visible_to(self, user: User) -> SinkQuerySet:
        """Sinks are for admins."""
        return self if user.is_admin else self.none()


class AuditSink(models.Model):
    """One receiver of the whole audit log. `position` is the number of the last entry that it has.

    `secret` holds {address, bearer, key}; `host` is what may be shown of the address. A sink that fails is tried again
    at `due_at`, ever later with `attempts`; `failing_since` says for how long nothing has arrived.
    """

    class Kind(models.TextChoices):
        UDP = "udp", _("syslog over UDP")
        TCP = "tcp", _("syslog over TCP")
        TLS = "tls", _("syslog over TLS")
        HTTP = "http", _("HTTP")
        HTTPS = "https", _("HTTPS")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    host = models.CharField(max_length=261)
    secret = EncryptedJSONField(default=dict)
    authority = models.TextField(blank=True, default="")
    allow_private_address = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    position = models.PositiveBigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    lease_owner = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SinkQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("sinks:sink", args=[self.pk])

    @property
    def state(self) -> str:
        """disabled, failing, or active."""
        if not self.is_active:
            return "disabled"
        return "failing" if self.failing_since else "active"
