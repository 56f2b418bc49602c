"""How often the watcher wakes a release: at once, and while many change all the time no oftener than can be looked at.

A crowd of releases changes hundreds of objects a second. A look for each of them would keep the worker busy with looks
that find half of what the next one finds; what has changed meanwhile is seen by one look just as well. What is put off
is held in memory only: a watcher that dies loses it, and `wake_at` brings the release up then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from uuid import UUID

from clusters.observe.threads import with_database

log = logging.getLogger(__name__)

# Of one release, one after another, however many change; and of all of them together.
LOOKS_A_SECOND_OF_ONE, LOOKS_A_SECOND = 10, 20
LONGEST_SECONDS = 5.0
# Of all of them, at what may be put off; a release that waits for Pods looks after so long anyway.
LATER_LOOKS_A_SECOND, LATEST_SECONDS = 10, 10.0


class Pace:
    """Hands releases on to `wake`, in the caller's thread when it is their turn, else later in one of its own."""

    def __init__(self, wake: Callable[..., None]) -> None:
        self._wake = wake
        self._changed = threading.Condition()
        self._woken: dict[UUID, float] = {}
        self._put_off: dict[UUID, float] = {}
        self._thread: threading.Thread | None = None

    def wake(self, release_ids: Iterable[UUID], *, at_once: bool = False) -> None:
        """Wake each as soon as its last wake-up is long enough ago, or `at_once`. Raises what `wake` raises."""
        now = time.monotonic()
        ready = []
        with self._changed:
            gap = max(1 / LOOKS_A_SECOND_OF_ONE, self._share(now, LOOKS_A_SECOND, LONGEST_SECONDS))
            gap = 0.0 if at_once else gap
            for release_id in release_ids:
                turn = self._woken.get(release_id, 0.0) + gap
                if turn <= now:
                    self._woken[release_id] = now
                    self._put_off.pop(release_id, None)
                    ready.append(release_id)
                else:
                    self._put_off[release_id] = min(turn, self._put_off.get(release_id, turn))
            self._see_to_put_off()
        if ready:
            self._wake(*ready)

    def wake_later(self, release_ids: Iterable[UUID], seconds: float) -> None:
        """Wake each after so many seconds, or more while there are many, if nothing else does before."""
        now = time.monotonic()
        with self._changed:
            turn = now + max(seconds, self._share(now, LATER_LOOKS_A_SECOND, LATEST_SECONDS))
            for release_id in release_ids:
                self._put_off.setdefault(release_id, turn)
            self._see_to_put_off()

    def _see_to_put_off(self) -> None:
        if self._put_off:
            self._begin()
            self._changed.notify()

    def _share(self, now: float, looks_a_second: int, most: float) -> float:
        """After how many seconds it is each one's turn, if those woken lately share so many looks a second."""
        self._woken = {one: at for one, at in self._woken.items() if now - at < LONGEST_SECONDS}
        return min(most, len(self._woken) / looks_a_second)

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._later, name="pace", daemon=True)
            self._thread.start()

    def _later(self) -> None:
        while True:
            with self._changed:
                while not self._put_off:
                    self._changed.wait()
                now = time.monotonic()
                ready = [one for one, turn in self._put_off.items() if turn <= now]
                if not ready:
                    self._changed.wait(min(self._put_off.values()) - now)
                    continue
                for release_id in ready:
                    del self._put_off[release_id]
                    self._woken[release_id] = now
            try:
                with_database(self._wake)(*ready)
            except Exception:
                # Each of them has its `wake_at` as well.
                log.exception("releases were not woken")
