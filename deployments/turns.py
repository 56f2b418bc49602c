"""How many threads of a worker tick releases at once: a few, as long as none of them hangs.

More threads than the processor can serve make each tick longer and all of them together dearer, and more releases are
held by a worker that dies. A tick that waits for a slow cluster for long takes no turn from others.
"""

from __future__ import annotations

import threading
import time

AT_ONCE = 4
HANGS_AFTER_SECONDS = 1.0


class Turns:
    """The turns of one process. A thread takes one, says whenever it begins another tick, and ends it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._began: dict[int, float] = {}
        self._came_in_vain = False

    def take(self) -> bool:
        """Whether this thread may tick: fewer than `at_once` others do, those that hang left aside."""
        now = time.monotonic()
        with self._lock:
            if sum(now - began < HANGS_AFTER_SECONDS for began in self._began.values()) >= self._at_once:
                self._came_in_vain = True
                return False
            self._began[threading.get_ident()] = now
            return True

    def goes_on(self) -> None:
        """This thread, which has a turn, begins another tick."""
        with self._lock:
            self._began[threading.get_ident()] = time.monotonic()

    def end(self) -> bool:
        """This thread's turn is over. Whether anybody was turned away since the last one ended: what they came for may
        have begun to wait after this thread had looked."""
        with self._lock:
            self._began.pop(threading.get_ident(), None)
            came_in_vain, self._came_in_vain = self._came_in_vain, False
            return came_in_vain
