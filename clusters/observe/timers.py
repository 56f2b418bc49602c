"""Keys of upper rooms that come due at a known time (a release's `wake_at`), fired within 20 ms of it.

The rows are the truth and somebody else sweeps them too: a key that is missed here is late by a second, never lost.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DatabaseError

from clusters.observe.threads import with_database
from durable.clock import database_time

log = logging.getLogger(__name__)

Due = Callable[[], list[tuple[datetime, str]]]
Fire = Callable[[list[str]], None]

ASK_EVERY_SECONDS = 0.5
_COMPARE_CLOCKS_SECONDS = 30.0
_REMEMBER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Timer:
    name: str
    due: Due
    fire: Fire


_timers: dict[str, _Timer] = {}


def register(name: str, due: Due, fire: Fire) -> None:
    """Have `fire(keys)` called when keys come due.

    `due()` answers the keys due within the next two seconds (overdue ones included) with their times by the database's
    clock; it is asked twice a second. Both are called in threads of the watcher with a database connection. A key is
    fired once for each time it was given.
    """
    _timers[name] = _Timer(name, due, fire)


class TimerThreads:
    """Two threads: one asks what is due, one fires, so that a slow query delays no firing."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, str, str]] = []
        self._given: dict[tuple[str, str, datetime], float] = {}
        self._stopped = False
        self._ahead = 0.0
        self._compared_at = 0.0

    def start(self) -> None:
        """Begin; the threads end with the process at the latest."""
        for work in (self._ask, self._fire):
            threading.Thread(target=work, name=f"timers{work.__name__}", daemon=True).start()

    def stop(self) -> None:
        """Fire nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _ask(self) -> None:
        while not self._stopped:
            for timer in list(_timers.values()):
                try:
                    self._plan(timer)
                except DatabaseError as error:
                    log.warning("the database does not answer", extra={"timer": timer.name, "error": str(error)})
                except Exception:
                    log.exception("a timer could not be asked", extra={"timer": timer.name})
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, timeout=ASK_EVERY_SECONDS)

    @with_database
    def _plan(self, timer: _Timer) -> None:
        now = time.time()
        if now - self._compared_at > _COMPARE_CLOCKS_SECONDS:
            self._ahead = database_time().timestamp() - time.time()
            self._compared_at = now
        fresh = []
        for at, key in timer.due():
            at = at.astimezone(UTC)
            if (timer.name, key, at) not in self._given:
                self._given[timer.name, key, at] = now
                fresh.append((at.timestamp() - self._ahead, timer.name, key))
        self._given = {given: when for given, when in self._given.items() if now - when < _REMEMBER_SECONDS}
        if fresh:
            with self._changed:
                for entry in fresh:
                    heapq.heappush(self._heap, entry)
                self._changed.notify_all()

    def _fire(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (not self._heap or self._heap[0][0] > time.time()):
                    self._changed.wait(self._heap[0][0] - time.time() if self._heap else None)
                if self._stopped:
                    return
                ready: dict[str, list[str]] = {}
                while self._heap and self._heap[0][0] <= time.time():
                    _, name, key = heapq.heappop(self._heap)
                    ready.setdefault(name, []).append(key)
            for name, keys in ready.items():
                self._fire_one(_timers[name], keys)

    @with_database
    def _fire_one(self, timer: _Timer, keys: list[str]) -> None:
        try:
            timer.fire(keys)
        except Exception:
            log.exception("a timer could not be fired", extra={"timer": timer.name, "keys": keys})
