"""A task works under the id of the request that sent it: over a real broker, in a real worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from celery import Celery, shared_task
from celery.contrib.testing.worker import start_worker
from redis import Redis

from portal import task_context
from portal.celery import app
from tests.conftest import until
from web import request_id

seen: list[tuple[str, object]] = []


@shared_task(name="tests.note")
def note() -> None:
    """Note under which id and name this runs."""
    seen.append((request_id.current(), structlog.contextvars.get_contextvars().get("task")))


@pytest.fixture
def worker(valkey: Redis) -> Iterator[Celery]:
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=10):
        yield app


@pytest.mark.django_db(transaction=True)
def test_a_task_carries_the_request_id(worker: Celery) -> None:
    assert task_context.HEADER
    seen.clear()
    request_id.carry("ci-4711")
    note.delay()
    request_id.carry("")
    note.delay()
    until(lambda: len(seen) == 2)
    assert seen == [("ci-4711", "tests.note"), ("", "tests.note")]
