"""The timeline of a release as its page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deployments.models import ReleaseEvent
from web.redact import redacted_text

_TONES = {
    "ok": ("checks.pass", "step.finished", "release.succeed", "restore"),
    "bad": ("step.failed", "release.fail", "release.abort"),
    "hold": ("release.pause", "conflict.undone", "cluster.unreachable", "checks.unknown", "release.supersede"),
}
_TONE_OF = {kind: tone for tone, kinds in _TONES.items() for kind in kinds}


@dataclass(frozen=True)
class Line:
    """One line: `tone` colours its mark, `proof` is what the cluster itself said."""

    at: datetime
    message: str
    tone: str
    proof: str = ""


def lines_of_timeline(events: Sequence[ReleaseEvent]) -> list[Line]:
    """Newest first, because that is what a person came for."""
    return [
        Line(event.at, redacted_text(event.sentence), _TONE_OF.get(event.kind, "run"), _proof(event))
        for event in reversed(events)
    ]


def _proof(event: ReleaseEvent) -> str:
    evidence = event.data.get("evidence") or {}
    words = str(evidence.get("words") or "")
    # A sentence that quotes the words already needs no second quotation below it.
    return "" if words in event.sentence else redacted_text(words)
