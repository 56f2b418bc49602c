"""Doors for Celery: one line each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

BEAT: dict[str, dict[str, Any]] = {"installs.sweep": {"task": "installs.tasks.sweep", "schedule": 2.0}}


@shared_task(ignore_result=True)
def advance(run_id: str) -> None:
    """Bring one run on, as far as it goes."""
    from installs.running import advance as bring_on

    bring_on(run_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Hint every run that is due: the safety net for lost messages and dead workers."""
    from installs.running import due

    for run_id in due():
        advance.delay(str(run_id))
