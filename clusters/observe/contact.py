"""Whether a cluster counts as connected. Pure: calm, so that one lost request does not turn a page red."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class News:
    """A status that differs from the one before; `status` is a value of Cluster.Status."""

    status: str
    message: str = ""


class Contact:
    """Turns single successes and failures into a status. Times are seconds on any one clock."""

    def __init__(self, status: str, message: str = "") -> None:
        self._said = News(status, message)
        self._last_good: float | None = None
        self._found = False

    def differs_from(self, status: str) -> News | None:
        """What to say again when `status`, which somebody else has written, is not what this watch found."""
        return self._said if self._found and self._said.status != status else None

    def heard(self, now: float) -> News | None:
        """The API server answered."""
        self._last_good = now
        return self._say(News("connected"))

    def failed(self, now: float, why: str) -> News | None:
        """It did not. News comes once it has been silent for PATIENCE_SECONDS, and again when the reason changes."""
        if self._last_good is None:
            self._last_good = now
        if now - self._last_good < PATIENCE_SECONDS:
            return None
        return self._say(News("unreachable", why))

    def _say(self, news: News) -> News | None:
        self._found = True
        if news == self._said:
            return None
        self._said = news
        return news
