"""Celery's in-memory scheduler, which also shows that it still goes round."""

from __future__ import annotations

from typing import Any

from celery.beat import Scheduler as InMemory

from durable import alive


class Scheduler(InMemory):
    """Stock but for the sign of life after each round."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round. Answers the seconds until the next."""
        seconds = super().tick(*args, **kwargs)
        alive.show("beat")
        return float(seconds)
