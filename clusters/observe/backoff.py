"""Growing pauses with jitter, so that a thousand watches do not come back in the same moment."""

from __future__ import annotations

import random


class Backoff:
    """Pauses of about `first` seconds that double up to `most`; each is 50 to 100 % of its full length."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._next = first

    def pause(self) -> float:
        """Seconds to wait now."""
        full = self._next
        self._next = min(self._next * 2, self._most)
        return full * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """Begin with the short pause again: it worked."""
        self._next = self._first
