"""A real watcher inside the test's process, so that its signal can be heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from redis import Redis

from clusters.observe.process import Watcher
from clusters.signals import Changed, objects_changed


class RunningWatcher:
    """A Watcher with its event loop in a thread."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(5)

    async def _run(self) -> None:
        self.watcher = Watcher()
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self.watcher.run(self._stop)

    def stop(self) -> None:
        """End it as SIGTERM would."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def start_watcher(transactional_db: None, valkey: Redis) -> Iterator[Callable[[], RunningWatcher]]:
    """`start_watcher()`: one more watcher; all are stopped after the test."""
    with ExitStack() as running:

        def start() -> RunningWatcher:
            watcher = RunningWatcher()
            running.callback(watcher.stop)
            return watcher

        yield start
    connections.close_all()


@pytest.fixture
def watcher(start_watcher: Callable[[], RunningWatcher]) -> RunningWatcher:
    """One watcher."""
    return start_watcher()


@pytest.fixture
def changes() -> Iterator[list[dict[str, Any]]]:
    """What the signal has told, in order."""
    heard: list[dict[str, Any]] = []

    def hear(sender: object, cluster_id: UUID, objects: list[Changed], **_more: Any) -> None:
        heard.extend({**asdict(one), "cluster_id": cluster_id} for one in objects)

    objects_changed.connect(hear, weak=False)
    yield heard
    objects_changed.disconnect(hear)
