"""Doors for Celery: one line each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

BEAT: dict[str, dict[str, Any]] = {
    "webhooks.sweep": {"task": "webhooks.tasks.sweep", "schedule": 5.0},
    "webhooks.forget_old": {"task": "webhooks.tasks.forget_old", "schedule": 3600.0},
}


@shared_task(ignore_result=True)
def sweep() -> None:
    """Go on with deliveries whose work was cut short."""
    from webhooks.working import sweep as go_on

    go_on()


@shared_task(ignore_result=True)
def forget_old() -> None:
    """Remove what was delivered long ago."""
    from webhooks.queries import forget_old_deliveries

    forget_old_deliveries()
