"""A bulk promotion: the services of it, in waves, and how far each has come."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from durable.leased_row import LeasedRow
from services.models import Environment, Service

if TYPE_CHECKING:
    from accounts.models import User
    from deployments.models.release import Release

MOST_PARALLEL = 20


class PromotionQuerySet(QuerySet["Promotion"]):
    def visible_to(self, user: User) -> PromotionQuerySet:
        """Those with a service that the user may see; which of its services are shown is the item's own question."""
        if user.is_admin:
            return self
        seen = PromotionItem.objects.filter(promotion=OuterRef("pk"), service__in=Service.objects.visible_to(user))
        return self.filter(Exists(seen))


class Promotion(LeasedRow):
    """Several services brought from one environment to the next, those that others depend on first.

    `wish` is what every release of it is asked with: `{wait, override}`. `abort_asked` stops what has not
    begun; releases under way go on. `problem` says why it did not come to its end, with names that not every reader
    may see.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("progressing")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        ABORTED = "aborted", _("aborted")

    ENDED = (State.SUCCEEDED, State.FAILED, State.ABORTED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    origin = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    to = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    system = models.CharField(max_length=63, blank=True)
    note = models.TextField(blank=True)
    wish = models.JSONField[dict[str, Any]](default=dict)
    max_parallel = models.PositiveIntegerField(default=5)
    abort_asked = models.BooleanField(default=False)
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    request_id = models.CharField(max_length=128, blank=True)

    objects = PromotionQuerySet.as_manager()

    # Where it was read for somebody: see `deployments.queries.promotions.promotions_with_services`.
    seen_items: list[PromotionItem]
    begun: list[Release]

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="promotion_by_age")]

    def __str__(self) -> str:
        return f"{self.system or 'services'} from {self.origin} to {self.to}"

    def get_absolute_url(self) -> str:
        return reverse("deployments:promotion", args=[self.pk])


class PromotionItem(models.Model):
    """One service of a promotion. `image` and `version` are what was looked at; anything else is not brought.

    Its release is the one that names promotion and target: a row that is written with the release itself, so that no
    kill can lose it. While a cluster does not answer, it stays pending: `attempts` were made since `unreachable_since`,
    the next one is due at `try_at`.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        STARTED = "started", _("progressing")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        LEVEL = "level", _("level")
        SKIPPED = "skipped", _("skipped")
        STOPPED = "stopped", _("not begun")

    OPEN = (State.PENDING, State.STARTED)

    id = models.BigAutoField(primary_key=True)
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="items")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    wave = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    image = models.CharField(max_length=512, blank=True)
    version = models.CharField(max_length=200, blank=True)
    why = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    unreachable_since = models.DateTimeField(null=True)
    try_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["promotion", "wave", "service__name"]
        constraints = [models.UniqueConstraint(fields=["promotion", "service"], name="promotion_has_a_service_once")]

    def __str__(self) -> str:
        return f"{self.service} in {self.promotion_id}"
