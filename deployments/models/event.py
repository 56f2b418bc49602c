"""The timeline of a release."""

from __future__ import annotations

from typing import Any

from django.db import models

from deployments.models.release import Release


class ReleaseEvent(models.Model):
    """One line of a timeline: append-only, numbered from 1 without a gap under the release row's lock.

    `kind` is a verb of api.md (`release.start`, `step.finished`); `message` is a sentence for people, `data` for machines.
    """

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=48)
    actor = models.CharField(max_length=150)
    message = models.TextField()
    data = models.JSONField[dict[str, Any]](default=dict)

    class Meta:
        ordering = ["release", "seq"]
        constraints = [models.UniqueConstraint(fields=["release", "seq"], name="event_number_in_release")]

    def __str__(self) -> str:
        return f"{self.seq}. {self.kind}"
