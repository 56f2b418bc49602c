"""What a release's analysis has said so far: for API and page, from the stored measurements and the engine's rules."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from deployments.analysis.stored import plain
from deployments.engine import analysis
from deployments.engine.decision import State
from deployments.engine.judge import PASSED, TemplateVerdict, judge_background, judge_run
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import Measurement, Release
from deployments.sentences import sentence
from deployments.spec import spec_of, state_of

# A long pause with a background analysis takes thousands; nobody reads them all at once.
MOST_MEASUREMENTS = 100
ACCEPTED = "accepted"


@dataclass(frozen=True)
class RunFacts:
    """One template in one run. `measurements` are the newest MOST_MEASUREMENTS in their order, `left_out` the rest."""

    run: str
    template: AnalysisTemplate
    status: str
    message: str
    measurements: list[Measurement]
    left_out: int = 0


def runs_of(release: Release) -> list[RunFacts]:
    """Every run of every template, in the order in which they began. One query; none where nothing is analysed."""
    if not release.templates:
        return []
    spec, state = spec_of(release), state_of(release)
    rows = list(release.measurements.order_by("run", "template", "number"))
    found = {key: list(group) for key, group in groupby(rows, key=lambda row: (row.run, row.template))}
    for run in state.runs:
        for name in analysis.templates_of(spec, run):
            found.setdefault((analysis.run_name(state, run), name), [])
    facts = [_facts(spec, state, run, name, mine) for (run, name), mine in found.items() if name in spec.templates]
    return sorted(facts, key=lambda one: (_begun(state, one), one.run, one.template.name))


def analysis_facts(release: Release) -> list[dict[str, Any]]:
    """`analysis` of the release as the API gives it."""
    return [
        {
            "run": one.run,
            "template": one.template.name,
            "status": one.status,
            "dry_run": one.template.dry_run,
            "message": one.message,
            "measurements": [
                {
                    "run": row.run,
                    "number": row.number,
                    "at": row.at,
                    "since": row.since,
                    "query": row.query,
                    "value": row.value,
                    "stable_value": row.stable_value,
                    "samples": row.samples,
                    "weight": row.weight,
                    "status": row.status,
                    "message": row.sentence,
                }
                for row in one.measurements
            ],
        }
        for one in runs_of(release)
    ]


def _facts(spec: ReleaseSpec, state: State, run: str, name: str, rows: list[Measurement]) -> RunFacts:
    template = spec.templates[name]
    verdict = _verdict(spec, run, template, rows)
    status, message = verdict.status, ""
    if verdict.sentence:
        message = sentence(verdict.sentence.code, verdict.sentence.params)
    kept = state.runs.get(run.partition(".")[0]) or {}
    if status != PASSED and kept.get("accepted") and analysis.run_name(state, run.partition(".")[0]) == run:
        status = status if run.partition(".")[0] == analysis.BACKGROUND else ACCEPTED
    left_out = max(0, len(rows) - MOST_MEASUREMENTS)
    return RunFacts(run, template, status, message, rows[left_out:], left_out)


def _verdict(spec: ReleaseSpec, run: str, template: AnalysisTemplate, rows: list[Measurement]) -> TemplateVerdict:
    measured = [plain(row) for row in rows]
    planned = analysis.planned_count(spec, run, template.name)
    if planned is None:
        return judge_background(template, measured, analysis.background_count(spec, template))
    return judge_run(template, measured, planned)


def _begun(state: State, one: RunFacts) -> str:
    """When it began, as text that sorts; a run of the steps before the one beside them."""
    kept = state.runs.get(one.run.partition(".")[0]) or {}
    return one.measurements[0].at.isoformat() if one.measurements else str(kept.get("since") or "")
