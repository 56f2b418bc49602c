"""Hosts are worked on side by side by threads that speak SSH; one thread, at the desk, speaks to the database.

It keeps the lease, sees that somebody cancels, and does for the others what has to be written. So each host's thread
reads like a story, and no two threads write at once.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from durable.row_lease import Held, LeaseLost, renew
from installs.models import InstallRun

RENEW_SECONDS, LOOK_SECONDS = 4.0, 0.5
T = TypeVar("T")


class Stopped(Exception):
    """The pass ends here, between two things: the lease was lost, or somebody cancelled."""


class Desk:
    """The writing thread of one pass over one run."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self._owner = threading.current_thread()
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._renew_at = 0.0
        self.is_lost = threading.Event()
        self.is_cancelled = threading.Event()

    def ask(self, do: Callable[[], T]) -> T:
        """Have something written, and wait for it. Raises Stopped when the run is no longer ours."""
        if threading.current_thread() is self._owner:
            self.tend()
            return do()
        answer: Future[T] = Future()
        self._asked.put((do, answer))
        while True:
            try:
                return answer.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if self.is_lost.is_set() and answer.cancel():
                    raise Stopped from None

    def still(self) -> bool:
        """Whether the run is still ours. Who hears no stops at once."""
        return not self.is_lost.is_set()

    def may_begin(self) -> bool:
        """Whether something new may be begun."""
        return not self.is_lost.is_set() and not self.is_cancelled.is_set()

    def side_by_side(self, work: Mapping[str, Callable[[], T]], *, most: int) -> dict[str, T | Exception]:
        """What each came to, or how it failed. Raises LeaseLost once all have stopped."""
        if not work:
            return {}
        with ThreadPoolExecutor(min(most, len(work)), thread_name_prefix="install") as threads:
            futures = {name: threads.submit(do) for name, do in work.items()}
            while not all(future.done() for future in futures.values()):
                self.tend()
                self._answer()
        self.tend()
        if self.is_lost.is_set():
            raise LeaseLost
        results: dict[str, T | Exception] = {}
        for name, future in futures.items():
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            results[name] = error if error is not None else future.result()
        return results

    def tend(self) -> None:
        """Renew the lease now and then; see that it is lost, or that somebody cancelled."""
        if time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + RENEW_SECONDS
        if not renew(self.held):
            self.is_lost.set()
        elif InstallRun.objects.filter(pk=self.held.pk, cancel_asked=True).exists():
            self.is_cancelled.set()

    def look_now(self) -> None:
        """Look at the lease and at a cancel without waiting for the time to come. Raises LeaseLost."""
        self._renew_at = 0.0
        self.tend()
        if self.is_lost.is_set():
            raise LeaseLost

    def _answer(self) -> None:
        """Do what was asked for, for half a second."""
        until = time.monotonic() + LOOK_SECONDS
        while (left := until - time.monotonic()) > 0:
            try:
                do, answer = self._asked.get(timeout=min(left, 0.05))
            except queue.Empty:
                return
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                if self.is_lost.is_set():
                    raise Stopped
                answer.set_result(do())
            except BaseException as error:
                answer.set_exception(error)
