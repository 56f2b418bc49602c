"""The two versions of a release side by side: pods asked for, ready and failing, with what the pods themselves tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from deployments.models import Release
from deployments.queries.pods import PodRow, Pods
from deployments.shares import counts_of, kind_of, wanted_pods


@dataclass(frozen=True)
class Side:
    """One version. `wanted` is how many pods are asked for, `total` how many squares are drawn (never fewer than there
    are pods), `started` when its oldest pod was."""

    key: str
    word: str
    version: str
    ready: int
    wanted: int
    total: int
    failing: int = 0
    restarts: int = 0
    started: datetime | None = None

    @property
    def role(self) -> str:
        """As the part pods_bar names it."""
        return "canary" if self.key == "new" else "stable"


def sides_of(release: Release, pods: Pods | None) -> list[Side]:
    """The new version, then the old one."""
    counts = counts_of(release)
    wanted_new, wanted_old = wanted_pods(release)
    new, old = ([row for row in pods.rows if row.is_new is is_new] if pods else [] for is_new in (True, False))
    words = {"canary": (_("canary"), _("stable"))}.get(kind_of(release), (_("new"), _("old")))
    before = release.from_revision.label if release.from_revision else "–"
    return [
        _side("new", words[0], release.label, counts.new_ready, wanted_new, counts.new, new),
        _side("old", words[1], before, counts.old_ready, wanted_old, counts.old, old),
    ]


def _side(key: str, word: str, version: str, ready: int, wanted: int, there: int, rows: list[PodRow]) -> Side:
    return Side(
        key=key,
        word=word,
        version=version,
        ready=ready,
        wanted=wanted,
        total=max(wanted, there),
        failing=sum(row.is_failing for row in rows),
        restarts=sum(row.restarts for row in rows),
        started=min((row.started for row in rows if row.started), default=None),
    )
