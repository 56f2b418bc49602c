"""The row that is a release's truth, and what it means to be due, leased and ended."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.sentences import sentence
from services.models import Target

if TYPE_CHECKING:
    from accounts.models import Team, User


class Status(models.TextChoices):
    """What a CI job reads (api.md)."""

    QUEUED = "queued", _("queued")
    WAITING = "waiting", _("waiting")
    PROGRESSING = "progressing", _("progressing")
    PAUSED = "paused", _("paused")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    ABORTED = "aborted", _("aborted")
    SUPERSEDED = "superseded", _("superseded")


class Phase(models.TextChoices):
    """The engine's finer state (delivery.md, Phases)."""

    QUEUED = "Queued", _("Queued")
    GATED = "Gated", _("Gated")
    PREPARING = "Preparing", _("Preparing")
    PROGRESSING = "Progressing", _("Progressing")
    PAUSED = "Paused", _("Paused")
    AWAITING_APPROVAL = "AwaitingApproval", _("Awaiting approval")
    ANALYSING = "Analysing", _("Analysing")
    TAKING_OVER = "TakingOver", _("Taking over")
    FINISHING = "Finishing", _("Finishing")
    ABORTING = "Aborting", _("Aborting")
    SUCCEEDED = "Succeeded", _("Succeeded")
    FAILED = "Failed", _("Failed")
    ABORTED = "Aborted", _("Aborted")
    SUPERSEDED = "Superseded", _("Superseded")


ENDED = (Status.SUCCEEDED, Status.FAILED, Status.ABORTED, Status.SUPERSEDED)


class ReleaseQuerySet(QuerySet["Release"]):
    def visible_to(self, user: User) -> ReleaseQuerySet:
        """Releases of the targets that the user may see."""
        if user.is_admin:
            return self
        return self.filter(target__in=Target.objects.visible_to(user))

    def active(self) -> ReleaseQuerySet:
        """Releases that have not ended: each of them has a `wake_at`."""
        return self.filter(ended=False)

    def with_names(self) -> ReleaseQuerySet:
        """Join what every list and page shows beside a release."""
        return self.select_related(
            "target__service__team",
            "target__environment",
            "target__cluster",
            "created_by",
            "from_revision",
            "to_revision",
        )

    def for_a_tick(self) -> ReleaseQuerySet:
        """Join what every look at a release needs. Reading it is a third of what a look that finds nothing costs."""
        return self.select_related("target__service__team", "target__environment", "target__cluster", "from_revision")


class Release(models.Model):
    """One attempt to bring a target to a desired pod template by a strategy.

    Three groups of columns, each with one writer: what was asked (the command that made the row), where it stands
    (the tick that holds the lease), and what people ask of it meanwhile (`asks`, written by commands).

    `templates` are the analysis templates that the strategy names, as they were when it was asked for (by name);
    `kubernetes_service` the Service whose traffic is steered; `approval_rules` what the environment asks for before a
    first write; `emergency`: whoever asked may pass approvals and freeze windows, and does. `promoted_from` is the
    release that brought its images to the environment they come from, `promotion` the bulk promotion that started it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()

    strategy = models.JSONField[dict[str, Any]](default=dict)
    images = models.JSONField[dict[str, str]](default=dict)
    config = models.JSONField[dict[str, Any]](default=dict)
    version_label = models.CharField(max_length=200, blank=True)
    templates = models.JSONField[dict[str, Any]](default=dict)
    kubernetes_service = models.CharField(max_length=253, blank=True)
    approval_rules = models.JSONField[list[dict[str, Any]]](default=list)
    emergency = models.BooleanField(default=False)
    workload_uid = models.CharField(max_length=64, blank=True)
    # What the cluster said yes to when this was asked for, and of which Deployment: see deployments.checks.
    checked = models.JSONField[dict[str, Any]](default=dict)
    template_from = models.JSONField[dict[str, Any]](default=dict)
    template_to = models.JSONField[dict[str, Any]](default=dict)
    from_revision = models.ForeignKey(
        "deployments.Revision", null=True, on_delete=models.SET_NULL, related_name="releases_from"
    )
    to_revision = models.ForeignKey(
        "deployments.Revision", null=True, on_delete=models.SET_NULL, related_name="releases_to"
    )
    rollback_to = models.ForeignKey(
        "deployments.Revision", null=True, on_delete=models.SET_NULL, related_name="rollbacks"
    )
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    supersedes = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="superseded_by")
    promoted_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="promoted_to")
    promotion = models.ForeignKey(
        "deployments.Promotion", null=True, on_delete=models.SET_NULL, related_name="releases"
    )
    note = models.TextField(blank=True)
    commit = models.CharField(max_length=200, blank=True)
    source_url = models.URLField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="releases"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    request_id = models.CharField(max_length=128, blank=True)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    phase = models.CharField(max_length=24, choices=Phase.choices, default=Phase.QUEUED)
    reason = models.CharField(max_length=32, blank=True)
    message = models.TextField(blank=True)
    state = models.JSONField[dict[str, Any]](default=dict)
    holding = models.BooleanField(default=True)
    ended = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    asks = models.JSONField[dict[str, Any]](default=dict)

    version = models.PositiveIntegerField(default=1)
    edits = models.PositiveIntegerField(default=1)
    event_seq = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=1)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    wake_seq = models.PositiveIntegerField(default=0)
    wake_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["target"], condition=Q(holding=True), name="one_release_holds_a_target"),
            models.UniqueConstraint(fields=["target", "number"], name="release_number_in_target"),
            # A pass that is repeated, or late, starts nothing twice.
            models.UniqueConstraint(
                fields=["promotion", "target"], condition=Q(promotion__isnull=False), name="one_release_per_promotion"
            ),
        ]
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(ended=False), name="release_due"),
            models.Index(
                fields=["queued_at"], condition=Q(ended=False, queued_at__isnull=False), name="release_waiting"
            ),
            models.Index(fields=["target", "-created_at"], name="release_by_target"),
            models.Index(fields=["-created_at", "-id"], name="release_by_age"),
            # The few that matter now, without reading the many that have ended: home, the rail, the sweep.
            models.Index(fields=["-created_at", "-id"], condition=Q(ended=False), name="release_active"),
            models.Index(fields=["-finished_at"], name="release_by_end"),
            models.Index(fields=["status", "-finished_at"], name="release_by_status"),
            models.Index(fields=["status", "-created_at", "-id"], name="release_by_status_and_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} of {self.target}"

    def get_absolute_url(self) -> str:
        return reverse("deployments:release", args=[self.pk])

    @property
    def team(self) -> Team:
        """The team whose roles decide who may act on this release."""
        return self.target.service.team

    @property
    def label(self) -> str:
        """What a person calls the new version: the version given, else the tag of the image, else the image."""
        if self.version_label:
            return self.version_label
        image = next(iter(self.images.values()), "")
        name, at, digest = image.partition("@")
        tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""
        return tag or (f"{digest[:19]}" if at else image)

    @property
    def is_giving_back(self) -> bool:
        """Whether traffic is back on the old version and only pods and marks are left to be put right."""
        return not self.ended and self.status in ENDED

    @property
    def sentence(self) -> str:
        """`message` in the language of the reader."""
        stored = self.state.get("message")
        return sentence(stored["code"], stored["params"]) if stored else self.message
