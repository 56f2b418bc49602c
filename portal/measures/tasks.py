"""How long tasks take, and how they end."""

from __future__ import annotations

import threading
import time
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun

from web.measures import TASKS

_running = threading.local()


def begin(**_more: Any) -> None:
    """A task begins in this thread."""
    _running.since = time.perf_counter()


def end(task: Task[Any, Any] | None = None, state: str | None = None, **_more: Any) -> None:
    """It ended."""
    since = getattr(_running, "since", None)
    if task is not None and since is not None:
        TASKS.labels(task.name, "done" if state == "SUCCESS" else "failed").observe(time.perf_counter() - since)


def connect() -> None:
    """Measure every task from now on."""
    task_prerun.connect(begin)
    task_postrun.connect(end)
