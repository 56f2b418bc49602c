"""Where people are signed in: a row beside each browser session, for them and for admins to see and to end."""

from __future__ import annotations

import re
from typing import ClassVar
from uuid import uuid4

from django.contrib.sessions.models import Session as Carrier
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models.people import User

# The first that fits: most browsers claim to be several others as well.
_BROWSERS = (
    ("Edge", r"\bEdgA?/"),
    ("Opera", r"\bOPR/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:HeadlessChrome|Chrome|Chromium|CriOS)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iOS", r"\b(?:iPhone|iPad)\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> SessionQuerySet:
        """Admins see everybody's sessions; others their own."""
        return self if user.is_admin else self.filter(user=user)

    def alive(self) -> SessionQuerySet:
        """Those that still sign somebody in: their carrier is there and has not expired."""
        now = timezone.now()
        carriers = Carrier.objects.filter(session_key=models.OuterRef("key"), expire_date__gt=now)
        return self.filter(models.Exists(carriers), ends_at__gt=now, user__is_active=True)


class Session(models.Model):
    """One browser in which a person is signed in. Django's own session carries it; `key` is the name of its row."""

    class Way(models.TextChoices):
        PASSWORD = "password", gettext_lazy("Password")
        PASSKEY = "passkey", gettext_lazy("Passkey")
        OIDC = "oidc", gettext_lazy("Identity provider")
        BREAK_GLASS = "break_glass", gettext_lazy("Break glass")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    key = models.CharField(max_length=40, unique=True, editable=False)
    way = models.CharField(max_length=12, choices=Way.choices)
    provider = models.CharField(max_length=100, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    user_agent = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField()

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["user", "-created_at"], name="session_of_user")]

    def __str__(self) -> str:
        return self.device

    @property
    def device(self) -> str:
        """Browser and system as far as the browser tells, for example `Firefox on Linux`."""
        browser = next((name for name, sign in _BROWSERS if re.search(sign, self.user_agent)), "")
        system = next((name for name, sign in _SYSTEMS if re.search(sign, self.user_agent)), "")
        if browser and system:
            return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
        return browser or system or self.user_agent[:40] or _("Unknown device")
