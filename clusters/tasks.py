"""Doors of Celery to the regular work on clusters."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any
from uuid import UUID

from celery import shared_task

from clusters import checkup

BEAT: dict[str, dict[str, Any]] = {
    "check the health of clusters": {"task": "clusters.tasks.check_all_health", "schedule": 5.0},
}


@shared_task(ignore_result=True)
def check_all_health() -> None:
    """Enqueue a check of each cluster that is due."""
    for cluster_id in checkup.due():
        check_health.apply_async((str(cluster_id),), expires=checkup.EVERY_SECONDS)


@shared_task(ignore_result=True)
def check_health(cluster_id: str) -> None:
    """Check one cluster."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    checkup.check_up(UUID(cluster_id), owner=owner)
