"""The timeline of a release."""

from __future__ import annotations

from typing import Any

from django.db import models

from deployments.models.release import Release
from deployments.sentences import sentence


class ReleaseEvent(models.Model):
    """One line of a timeline: append-only, numbered from 1 without a gap under the release row's lock.

    `kind` is a verb (`release.start`, `step.finished`); `message` is a sentence for people, `data` is for machines.
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

    @property
    def sentence(self) -> str:
        """`message` in the language of the reader."""
        stored = self.data.get("sentence")
        return sentence(stored["code"], stored["params"]) if stored else self.message
