"""Keeps a dead cluster from costing everybody a time-out: after three failures in a row it is left alone for 5 s."""

from __future__ import annotations

import threading
import time

from django.utils.translation import gettext as _

from clusters.errors import ClusterUnreachable

FAILURES_IN_A_ROW = 3
OPEN_SECONDS = 5.0


class Breaker:
    """One for each cluster and process. When its time is over, one caller tries while the others are still refused."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._last = ""

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_IN_A_ROW and time.monotonic() < self._open_until

    @property
    def is_failing(self) -> bool:
        """Whether the last request got no answer."""
        return self._failures > 0

    def allow(self, *, is_request: bool = True) -> None:
        """Raises ClusterUnreachable (never ambiguous) while the breaker is open.

        When its time is over, a request takes the one try; asking for a door (`is_request` False) leaves it to that.
        """
        with self._lock:
            if self._failures < FAILURES_IN_A_ROW:
                return
            now = time.monotonic()
            if now >= self._open_until:
                self._open_until = now + OPEN_SECONDS if is_request else self._open_until
                return
            raise ClusterUnreachable(
                self._cluster,
                _("not asked, because it did not answer %(times)d times in a row; last: %(last)s")
                % {"times": self._failures, "last": self._last},
                next=_("It is tried again in %(seconds)d s.") % {"seconds": max(1, round(self._open_until - now))},
            )

    def failed(self, error: ClusterUnreachable) -> None:
        """A request got no answer."""
        with self._lock:
            self._failures += 1
            self._last = error.detail
            if self._failures >= FAILURES_IN_A_ROW:
                self._open_until = time.monotonic() + OPEN_SECONDS

    def answered(self) -> None:
        """A request got an answer, whatever it says."""
        with self._lock:
            self._failures = 0
