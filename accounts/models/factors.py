"""What people prove themselves with beside, or instead of, a password."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from durable.encryption import EncryptedJSONField


class Authenticator(models.Model):
    """A person's authenticator app. A new secret waits as `pending` until the app has shown that it holds it.

    `secrets` is `{"secret": …, "pending": …}`; `last_step` is the newest time step whose code was used, so that no code
    works twice; `wrong_codes` counts those since the last right one.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(User, models.CASCADE, related_name="authenticator")
    secrets = EncryptedJSONField(default=dict)
    is_on = models.BooleanField(default=False)
    last_step = models.BigIntegerField(default=0)
    wrong_codes = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    turned_on_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.user.username


class RecoveryCode(models.Model):
    """A code for the day the telephone is lost. Only its hash is stored; it works once."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user", "hash", name="recovery_code_once")]

    def __str__(self) -> str:
        return str(self.pk)


class Passkey(models.Model):
    """A key pair whose private half a device or password manager keeps. `public` is the public half as WebAuthn has it.

    `host` is the name of the portal for which it was made: browsers offer it there and nowhere else.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="passkeys")
    name = models.CharField(_("name"), max_length=60)
    host = models.CharField(max_length=253)
    credential_id = models.CharField(max_length=1400, unique=True, editable=False)
    public = models.TextField(editable=False)
    sign_count = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name
