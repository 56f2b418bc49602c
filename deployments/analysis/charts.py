"""The analysis of a release as its page shows it: for each template a chart of both versions, and every measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from deployments.analysis.built_in import DESCRIPTIONS
from deployments.analysis.facts import RunFacts, runs_of
from deployments.engine import analysis
from deployments.engine.conditions import ConditionInvalid, thresholds
from deployments.engine.judge import AGAINST_STABLE, MARGIN
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import Measurement, Release

_DIGITS = 5
MOST_POINTS = 300


@dataclass(frozen=True)
class Chart:
    """One template of a release: `status` and `message` are those of its newest run."""

    template: AnalysisTemplate
    runs: list[RunFacts]
    ends: datetime | None

    @property
    def key(self) -> str:
        return f"analysis-{self.template.name}"

    @property
    def status(self) -> str:
        """Of the newest run; one that was still running when the release ended is only over."""
        status = self.runs[-1].status
        return "skipped" if status == "running" and self.ends else status

    @property
    def message(self) -> str:
        return self.runs[-1].message

    @property
    def description(self) -> str:
        return str(DESCRIPTIONS.get(self.template.name, ""))

    @property
    def rule(self) -> str:
        """What is asked of a value, in words."""
        if self.template.compare == AGAINST_STABLE:
            margin = 100 * float(self.template.parameters.get("margin", MARGIN))
            return _("at most %(margin)s percentage points more failures than the old version") % {
                "margin": f"{margin:g}"
            }
        if self.template.success and self.template.failure:
            return _("good: %(success)s; bad: %(failure)s") % {
                "success": self.template.success,
                "failure": self.template.failure,
            }
        return self.template.success or _("bad: %(failure)s") % {"failure": self.template.failure}

    @property
    def rows(self) -> list[Measurement]:
        """Every measurement that is shown, newest first."""
        return sorted(self._all, key=lambda row: (row.at, row.number), reverse=True)

    @property
    def left_out(self) -> int:
        return sum(run.left_out for run in self.runs)

    @property
    def query(self) -> str:
        """What was sent last."""
        return next((row.query for row in self.rows if row.query), "")

    @property
    def last(self) -> Measurement | None:
        return self.rows[0] if self._all else None

    @property
    def no_data(self) -> str:
        """Why there is nothing to draw, "" where there is."""
        if any(row.value is not None for row in self._all):
            return ""
        last = self.last
        if last is not None:
            return last.sentence
        seconds = max(self.template.initial_delay_seconds, int(analysis.LEAST_WINDOW.total_seconds()))
        return _("nothing was measured yet; the first time is %(seconds)d s after the weight is reached") % {
            "seconds": seconds
        }

    @property
    def drawn(self) -> str:
        """What chart.js draws, as JSON: the times of the measurements, both versions, and the thresholds."""
        rows = sorted(self._all, key=lambda row: (row.at, row.number))[-MOST_POINTS:]
        lines = [{"tone": "new", "values": [_rounded(row.value) for row in rows]}]
        if self.has_stable:
            lines.append({"tone": "old", "values": [_rounded(row.stable_value) for row in rows]})
        drawn: dict[str, Any] = {
            "times": [round(row.at.timestamp(), 3) for row in rows],
            "step": 1,
            "unit": "number",
            "lines": lines,
            "markers": [],
            "thresholds": self._thresholds,
        }
        return json.dumps(drawn, separators=(",", ":"))

    @property
    def has_stable(self) -> bool:
        """Whether the old version has a line of its own."""
        return any(row.stable_value is not None for row in self._all)

    @property
    def stable_last(self) -> float | None:
        return next((row.stable_value for row in self.rows if row.stable_value is not None), None)

    @property
    def value_last(self) -> float | None:
        return next((row.value for row in self.rows if row.value is not None), None)

    @property
    def _all(self) -> list[Measurement]:
        return [row for run in self.runs for row in run.measurements]

    @property
    def _thresholds(self) -> list[dict[str, Any]]:
        found = []
        for kind, condition in (("ok", self.template.success), ("bad", self.template.failure)):
            try:
                lines = thresholds(condition) if condition else ()
            except ConditionInvalid:
                lines = ()
            found += [{"value": value, "label": f"{sign} {value:g}", "tone": kind} for sign, value in lines]
        return found


def charts_of(release: Release) -> list[Chart]:
    """A chart for each template, in the order in which they were first measured; none where nothing is analysed."""
    by_name: dict[str, list[RunFacts]] = {}
    for run in runs_of(release):
        by_name.setdefault(run.template.name, []).append(run)
    return [Chart(runs[0].template, runs, release.finished_at) for runs in by_name.values()]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
