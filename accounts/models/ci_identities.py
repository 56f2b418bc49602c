"""Which CI jobs may act as which robot, and which of their tokens were swapped already."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Team, User
from web.names import dns_label

LONGEST_LIFETIME_SECONDS = 900


class CiIdentityQuerySet(models.QuerySet["CiIdentity"]):
    def visible_to(self, user: User) -> CiIdentityQuerySet:
        """Admins see all; others those of their teams."""
        return self if user.is_admin else self.filter(team__in=user.memberships.values("team"))


class CiIdentity(models.Model):
    """A rule: a job whose token was signed by `issuer` for `audience` and whose claims match acts as `robot`.

    `claims` maps a claim to a pattern, in which `*` stands for anything but a slash and `**` for anything. The robot's
    roles are the limit; `scopes`, `services` and `environments` narrow the token that the job gets.
    """

    class Provider(models.TextChoices):
        GITHUB = "github", _("GitHub Actions")
        GITLAB = "gitlab", _("GitLab CI/CD")
        OTHER = "other", _("another OpenID issuer")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=63, validators=[dns_label])
    team = models.ForeignKey(Team, models.CASCADE, related_name="ci_identities")
    robot = models.ForeignKey(User, models.CASCADE, related_name="ci_identities")
    provider = models.CharField(max_length=6, choices=Provider.choices)
    issuer = models.CharField(max_length=500, db_index=True)
    audience = models.CharField(max_length=500)
    claims = models.JSONField[dict[str, str]](default=dict)
    scopes = models.JSONField[list[str]](default=list)
    services = models.JSONField[list[str]](default=list)
    environments = models.JSONField[list[str]](default=list)
    lifetime_seconds = models.PositiveSmallIntegerField(default=LONGEST_LIFETIME_SECONDS)
    order = models.PositiveSmallIntegerField(default=100)
    allow_private_address = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = CiIdentityQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["order", "name"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="ci_identity_name_whatever_case")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("ci_identity", args=[self.name])


class SwappedCiToken(models.Model):
    """A CI token that was swapped, by the hash of its issuer and id: it is not swapped again while it is good."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    hash = models.CharField(max_length=64, unique=True)
    good_until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.hash
