"""Celery's in-memory scheduler, which also shows that it still goes round."""

from __future__ import annotations

from typing import Any

from celery.beat import Scheduler as InMemory

from durable import alive


class Scheduler(InMemory):
    """Stock but for the sign of life, and for a schedule that stays as it is while beat runs."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send the next message that is due. Answers the seconds until there is another; then a round is done."""
        seconds = super().tick(*args, **kwargs)
        if seconds:
            alive.show("beat")
        return float(seconds)

    def schedules_equal(self, *_schedules: Any) -> bool:
        """Asked at each message; comparing entry by entry was a quarter of what beat does."""
        return True
