"""A row that workers bring to its end, each pass under a lease: see `durable.row_lease`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class DueRow(models.Model):
    """What the least of such rows has. `due_at` None: nobody needs to look."""

    # Which of its states are final, where it has states: see LeasedRow.
    ENDED: ClassVar[tuple[str, ...]] = ()

    due_at = models.DateTimeField(null=True, default=timezone.now, db_index=True)
    lease_owner = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class LeasedRow(DueRow):
    """What a row with a life of its own has. Each model says which states there are, in `state`, and which of them are
    final, in `ENDED`."""

    state = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta(DueRow.Meta):
        abstract = True

    @property
    def has_ended(self) -> bool:
        """Whether its state is final."""
        return self.state in self.ENDED
