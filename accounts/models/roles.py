"""Roles that an admin puts together, beside the four that are built in."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from web.names import dns_label


class CustomRole(models.Model):
    """A set of permissions with a name. Memberships hold it by that name, which therefore never changes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=63, validators=[dns_label])
    title = models.CharField(_("title"), max_length=200, blank=True, default="")
    permissions = models.JSONField(_("permissions"), default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="role_name_whatever_case")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
