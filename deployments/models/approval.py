"""Approvals that were asked for, and the voices that people gave."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.release import Release

if TYPE_CHECKING:
    from accounts.models import User


class ApprovalQuerySet(QuerySet["Approval"]):
    def visible_to(self, user: User) -> ApprovalQuerySet:
        """Approvals of the releases that the user may see."""
        return self if user.is_admin else self.filter(release__in=Release.objects.visible_to(user))

    def pending(self) -> ApprovalQuerySet:
        """Those that a voice can still decide."""
        return self.filter(state=Approval.State.PENDING)

    def with_names(self) -> ApprovalQuerySet:
        """Join what every list and page shows beside an approval."""
        return self.select_related(
            "release__target__service__team",
            "release__target__environment",
            "release__target__cluster",
            "release__created_by",
            "release__retry_of__created_by",
            "release__from_revision",
        )


class Approval(models.Model):
    """Voices asked for at one gate of a release ("start", "step-2").

    `rules` are all needed: [{team, count}], teams by name. `subject` is the hash of what is approved
    (`deployments.approvals.subject_of`): a release that was edited is another one, and its approvals are void.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        EXPIRED = "expired", _("expired")
        VOID = "void", _("void")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="approvals")
    gate = models.CharField(max_length=32)
    rules = models.JSONField[list[dict[str, Any]]](default=list)
    subject = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "gate"], condition=Q(state="pending"), name="one_pending_approval_a_gate"
            ),
        ]
        indexes = [
            models.Index(fields=["-asked_at"], condition=Q(state="pending"), name="approval_pending"),
            models.Index(fields=["state", "-asked_at"], name="approval_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.gate} of {self.release}"

    def get_absolute_url(self) -> str:
        return reverse("deployments:approval", args=[self.pk])


class Voice(models.Model):
    """What one person said about one approval. Whether it counts is decided with the person's roles at the time of
    decision, not when it was given."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("approves")
        REJECT = "reject", _("rejects")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="voices")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voices")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["approval", "person"], name="one_voice_a_person")]

    def __str__(self) -> str:
        return f"{self.person} {self.verdict}"
