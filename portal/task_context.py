"""A task works under the id of the request that caused it, so that logs, audit rows and errors lead back to it."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

from web import request_id

HEADER = "slipway_request_id"


def send_along(headers: dict[str, Any] | None = None, **_more: Any) -> None:
    """Put the id of the request at hand into the message."""
    if headers is not None and (current := request_id.current()):
        headers[HEADER] = current


def take_over(task: Task[Any, Any] | None = None, task_id: str = "", **_more: Any) -> None:
    """Work under that id, and say task and id on every log line."""
    if task is not None:
        request_id.carry(str(task.request.get(HEADER) or ""))
        structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


def let_go(**_more: Any) -> None:
    """The thread goes on to another task."""
    request_id.carry("")
    structlog.contextvars.unbind_contextvars("task", "task_id")


def connect() -> None:
    """Do this for every task from now on."""
    before_task_publish.connect(send_along)
    task_prerun.connect(take_over)
    task_postrun.connect(let_go)
