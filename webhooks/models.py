"""Sources of webhooks, and what they delivered."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from durable.encryption import EncryptedJSONField
from durable.leased_row import DueRow
from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import Team, User


class WebhookSourceQuerySet(QuerySet["WebhookSource"]):
    def visible_to(self, user: User) -> WebhookSourceQuerySet:
        """Admins see every source; others those of their teams."""
        return self if user.is_admin else self.filter(team__in=user.memberships.values("team"))


class WebhookSource(models.Model):
    """Somebody outside who tells of pushed images: a registry, or a CI system.

    `secret` holds {"now": …} and after a rotation {"before": …, "until": …}. `rules` are [{match, service,
    environment, image?, strategy?, supersede?}], and what they start is started by `robot`.
    """

    class Kind(models.TextChoices):
        DISTRIBUTION = "distribution", _("CNCF Distribution registry")
        DOCKER_HUB = "docker_hub", _("Docker Hub")
        GITHUB = "github", _("GitHub Packages")
        GITLAB = "gitlab", _("GitLab")
        HARBOR = "harbor", _("Harbor")
        QUAY = "quay", _("Quay")
        GENERIC = "generic", _("a script or another sender")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, validators=[dns_label])
    kind = models.CharField(max_length=12, choices=Kind.choices)
    team: models.ForeignKey[Team, Team] = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, related_name="webhook_sources"
    )
    robot: models.ForeignKey[User, User] = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="webhook_sources"
    )
    secret = EncryptedJSONField(default=dict)
    rules = models.JSONField[list[dict[str, Any]]](default=list)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    last_delivery_at = models.DateTimeField(null=True)

    objects = WebhookSourceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="webhook_source_name_whatever_case")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("webhooks:source", args=[self.name])


class WebhookDelivery(DueRow):
    """One thing that a source told, and what came of it.

    `pushes` are the images it told of; `results` what each rule made of them, [{match, service, environment, image,
    outcome, ...}], in the order of the work; `asked` how many there will be. Work that was cut short has a `due_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(WebhookSource, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=160)
    body_hash = models.CharField(max_length=64)
    event = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=45, blank=True)
    pushes = models.JSONField[list[dict[str, str]]](default=list)
    work = models.JSONField[list[dict[str, Any]]](default=list)
    results = models.JSONField[list[dict[str, Any]]](default=list)
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    # Processes of an older version know the column by this name, and nothing of an owner.
    lease_until = models.DateTimeField(null=True, db_column="leased_until")
    lease_owner = models.CharField(max_length=32, blank=True, default="", db_default="")
    done_at = models.DateTimeField(null=True)
    again_of: models.ForeignKey[WebhookDelivery | None, WebhookDelivery | None] = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="repetitions"
    )

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="delivered_once_a_source")]
        indexes = [
            models.Index(fields=["source", "-received_at"], name="delivery_by_source"),
            models.Index(fields=["source", "body_hash"], name="delivery_by_body"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def state(self) -> str:
        """pending, ignored (no rule matched), or the worst of what the rules made of it: failed or succeeded."""
        if self.done_at is None:
            return "pending"
        if not self.results:
            return "ignored"
        return "failed" if any(one["outcome"] == "refused" for one in self.results) else "succeeded"

    @property
    def releases(self) -> list[str]:
        """The ids of the releases that it led to, each once."""
        return list(dict.fromkeys(one["release"] for one in self.results if one.get("release")))
