"""The timeline of a release as its page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from deployments.brief import in_brief
from deployments.models import ReleaseEvent

_TONES = {
    "ok": (
        *("checks.pass", "step.finished", "release.succeed", "release.approve", "restore", "restore.find"),
        *("traffic.restore", "window.end"),
    ),
    "bad": ("step.failed", "release.fail", "release.abort", "release.reject"),
    "hold": (
        "release.pause",
        "approval.ask",
        "window.hold",
        "rollback.note",
        "conflict.undone",
        "cluster.unreachable",
        "write.refused",
        "write.unanswered",
        "checks.unknown",
        "release.supersede",
    ),
}
_ENDINGS = {"release.fail": _("The release has failed"), "release.abort": _("The release was aborted")}
_TONE_OF = {kind: tone for tone, kinds in _TONES.items() for kind in kinds}


@dataclass(frozen=True)
class Line:
    """One line: `tone` colours its mark, `proof` is what the cluster itself said."""

    at: datetime
    message: str
    tone: str
    proof: str = ""


def lines_of_timeline(events: Sequence[ReleaseEvent]) -> list[Line]:
    """Newest first, because that is what a person came for. A quotation stands only where it was first heard."""
    lines: list[Line] = []
    heard: set[str] = set()
    for event in events:
        message, words = in_brief(event.data.get("sentence"), event.message)
        if message in heard:
            # The end repeats the sentence of what led to it.
            message = str(_ENDINGS.get(event.kind, message))
        lines.append(Line(event.at, message, _TONE_OF.get(event.kind, "run"), "" if words in heard else words))
        heard |= {message, words}
    return lines[::-1]
