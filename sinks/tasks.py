"""Doors for Celery: one line each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

BEAT: dict[str, dict[str, Any]] = {"sinks.sweep": {"task": "sinks.tasks.sweep", "schedule": 5.0}}


@shared_task(ignore_result=True)
def sweep() -> None:
    """Have every sink served that is behind."""
    from sinks.shipping import due

    for sink_id in due():
        ship.delay(str(sink_id))


@shared_task(ignore_result=True)
def ship(sink_id: str) -> None:
    """Bring one sink up to date."""
    from sinks.shipping import ship as bring_up_to_date

    bring_up_to_date(sink_id)
