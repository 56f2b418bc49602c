"""How many releases a worker ticks at once: a few, as long as none of them hangs.

More threads than the processor can serve make each tick longer and all of them together dearer, and more releases are
held by a worker that dies. A tick that waits for a slow cluster for long takes no turn from others.
"""

from __future__ import annotations

import threading
import time

AT_ONCE, MOST = 8, 16
HANGS_AFTER_SECONDS = 1.0


class Turn:
    """Leave to tick one release after another."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.began = time.monotonic()

    def goes_on(self) -> None:
        """Another tick begins."""
        self.began = time.monotonic()

    def end(self) -> None:
        """Let others have it."""
        self._turns.give_back(self)

    @property
    def hangs(self) -> bool:
        """Whether its tick takes so long that it should not keep others waiting."""
        return time.monotonic() - self.began >= HANGS_AFTER_SECONDS


class Turns:
    """The turns of one process: `at_once`, and for each that hangs another, up to `most`."""

    def __init__(self, at_once: int = AT_ONCE, most: int = MOST) -> None:
        self._at_once, self._most = at_once, most
        self._changed = threading.Condition()
        self._taken: set[Turn] = set()

    def take(self) -> Turn | None:
        """A turn, None while there is none."""
        with self._changed:
            if not self.is_one_free:
                return None
            turn = Turn(self)
            self._taken.add(turn)
            return turn

    def give_back(self, turn: Turn) -> None:
        """It is over."""
        with self._changed:
            self._taken.discard(turn)
            self._changed.notify()

    @property
    def is_one_free(self) -> bool:
        """Whether there is one to take."""
        taken = list(self._taken)
        return len(taken) < self._most and sum(not turn.hangs for turn in taken) < self._at_once

    @property
    def are_taken(self) -> bool:
        """Whether anybody has one."""
        return bool(self._taken)

    def wait(self, seconds: float) -> None:
        """Until one is given back, for so long at most."""
        with self._changed:
            self._changed.wait(seconds)
