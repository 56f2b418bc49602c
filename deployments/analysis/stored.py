"""The stored measurements of a release as the engine reads them: those that can still decide something."""

from __future__ import annotations

from django.db.models import Max, Q

from deployments.engine import analysis, seen
from deployments.engine.decision import State
from deployments.models import Measurement, Release
from deployments.sentences import english

# The limits of a background run look at its newest measurements only.
LEAST_REACH = 10
_LIMITS = ("count", "inconclusive_limit", "error_limit")


def measurements_of(release: Release, state: State) -> tuple[seen.Measurement, ...]:
    """The measurements of the runs that are under way, in the order of their numbers. No query where none runs."""
    names = {first: analysis.run_name(state, first) for first in state.runs}
    if not names:
        return ()
    background = names.pop(analysis.BACKGROUND, "")
    wanted = Q(run__in=list(names.values()))
    rows = Measurement.objects.filter(release=release)
    if background:
        # Each template runs at its own pace, so each has its own newest.
        newest = rows.filter(run=background).order_by().values("template").annotate(last=Max("number"))
        reach = _reach(release)
        for one in newest:
            wanted |= Q(run=background, template=one["template"], number__gt=one["last"] - reach)
    return tuple(plain(row) for row in rows.filter(wanted).order_by("number"))


def _reach(release: Release) -> int:
    """As many of the newest as the widest limit of any template looks at."""
    counts = [int(rules.get(field) or 0) for rules in release.templates.values() for field in _LIMITS]
    asked = (release.strategy.get("analysis") or {}).get("count") or 0
    return max([LEAST_REACH, int(asked), *counts]) + 1


def plain(row: Measurement) -> seen.Measurement:
    """A row as the engine reads it."""
    return seen.Measurement(
        run=row.run,
        template=row.template,
        number=row.number,
        at=row.at,
        status=row.status,
        value=row.value,
        samples=row.samples,
        words=english(row.words["code"], row.words["params"]) if row.words else "",
        since=row.since,
        early=row.early,
    )
