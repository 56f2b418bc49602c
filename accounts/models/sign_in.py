"""Rules of signing in, and the way in for the day when nothing else works."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class SignInPolicy(models.Model):
    """The one row of rules that hold for everybody who signs in with a password of this portal."""

    class Whom(models.TextChoices):
        NOBODY = "nobody", _("Nobody has to")
        ADMINS = "admins", _("Admins have to")
        EVERYBODY = "everybody", _("Everybody has to")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    require_second_factor = models.CharField(max_length=9, choices=Whom.choices, default=Whom.NOBODY)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(pk=1), name="one_sign_in_policy")]

    def __str__(self) -> str:
        return "sign-in policy"

    @classmethod
    def current(cls) -> Self:
        """The rules in force; those of a new portal while nobody has set others."""
        return cls.objects.filter(pk=1).first() or cls()

    def covers(self, user: User) -> bool:
        """Whether this person has to have a second factor."""
        if self.require_second_factor == self.Whom.ADMINS:
            return user.is_admin
        return self.require_second_factor == self.Whom.EVERYBODY


class BreakGlass(models.Model):
    """A link, made at the command line, that signs an admin in once. Only the hash of its code is stored."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.reason
