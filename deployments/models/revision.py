"""What ran: the templates that a rollback can go back to."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from services.models import Target


class Revision(models.Model):
    """What runs after a finished release, with its full template. Number 1 is the template found at adoption.

    `contents` has the hash of what each ConfigMap that the template names held then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    images = models.JSONField[dict[str, str]](default=dict)
    template = models.JSONField[dict[str, Any]](default=dict)
    contents = models.JSONField[dict[str, str]](default=dict)
    template_hash = models.CharField(max_length=64)
    release = models.ForeignKey("deployments.Release", null=True, on_delete=models.SET_NULL, related_name="revisions")
    version_label = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField()

    class Meta:
        ordering = ["target", "-number"]
        constraints = [models.UniqueConstraint(fields=["target", "number"], name="revision_number_in_target")]

    def __str__(self) -> str:
        return f"revision {self.number}"

    @property
    def label(self) -> str:
        """What a person calls it: the version given at the release, else the tag of its first image."""
        return self.version_label or next(
            (image.rpartition(":")[2] for image in self.images.values()), str(self.number)
        )
