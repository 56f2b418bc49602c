"""Periodic chores of the floor."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from durable import heartbeat, idempotency

BEAT: dict[str, dict[str, Any]] = {
    "worker-heartbeat": {"task": "durable.beat", "schedule": 3.0},
    "forget-idempotency-keys": {"task": "durable.forget_keys", "schedule": 3600.0},
}


@shared_task(name="durable.beat")
def beat() -> None:
    """Show that beat, broker and worker work together: this very task came all the way."""
    heartbeat.beat("worker")


@shared_task(name="durable.forget_keys")
def forget_keys() -> None:
    """Remove idempotency keys of more than a day ago."""
    idempotency.forget_old_keys()
