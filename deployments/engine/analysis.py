"""Keeps the runs of a release's analysis: what is to be measured now, and what the measurements say so far.

A run is one step's ("step-3"), blue-green's ("pre_promotion") or the one in the background ("background"); measured
anew after a retry it gets a new name ("step-3.2"). `State.runs` holds, by the run's first name: {since, tries,
accepted: {by, at} or None, asked: {template: {number, at}}}. Everything else is read from the measurements, so that a
tick may come twice, late or never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from deployments.engine.decision import Decision, Measure, Sentence, State
from deployments.engine.json import Json
from deployments.engine.judge import (
    FAILED_RUN,
    PASSED,
    RUNNING,
    SUCCESSFUL,
    UNDECIDED,
    TemplateVerdict,
    judge_background,
    judge_run,
)
from deployments.engine.seen import Measurement, Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Analyse, AnalysisTemplate, BlueGreen, Canary, Strategy

BACKGROUND = "background"
# A rate needs two samples; looking earlier than this only finds nothing.
LEAST_WINDOW = timedelta(seconds=10)
# A measurement has a deadline of 3 s: one that is not there by then was lost with its worker, and is asked for again.
ASK_AGAIN = timedelta(seconds=10)


@dataclass(frozen=True)
class Verdict:
    """What a run says now. `status`: running, passed, failed (the release aborts with AnalysisFailed) or inconclusive
    (it pauses with AnalysisInconclusive and asks: `accept` or `anew`).

    `measures`: ask for these now. `next_at`: look again then, None when nothing more is to be measured. `sentence` and
    `evidence` say why a run failed or stays undecided; `template` which one decided.
    """

    status: str
    measures: tuple[Measure, ...] = ()
    next_at: datetime | None = None
    template: str = ""
    sentence: Sentence | None = None
    evidence: Json = field(default_factory=dict)


def step(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, run: str, step: Analyse
) -> tuple[State, Verdict]:
    """One analysis that ends: passed once each template has passed. Starts the run when it is new.

    Templates that only try (`dry_run`) are measured and never decide; where there are no others, the run passes once
    they have been measured.
    """
    state = _started(state, run, now)
    if state.runs[run].get("accepted"):
        return state, Verdict(PASSED)
    verdicts, missing = _judged(release, state, seen, run, step)
    if missing:
        return state, missing
    deciding = {name: one for name, one in verdicts.items() if not release.templates[name].dry_run}
    if ended := _worst(deciding):
        return state, ended
    awaited = deciding or verdicts
    if all(one.status != RUNNING for one in awaited.values()):
        return state, Verdict(PASSED)
    return _asked(release, state, now, run, step, verdicts)


def background(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> tuple[State, Verdict]:
    """The analysis beside the steps, from the first weight that is actual on, also through pauses and approvals.

    Answers running (with nothing to measure where the strategy has none), failed or inconclusive.
    """
    step = _background_of(release)
    if step is None or (state.weight_since is None and BACKGROUND not in state.runs):
        return state, Verdict(RUNNING)
    state = _started(state, BACKGROUND, now)
    verdicts, missing = _judged(release, state, seen, BACKGROUND, step)
    if missing:
        return state, missing
    deciding = {name: one for name, one in verdicts.items() if not release.templates[name].dry_run}
    if ended := _worst(deciding):
        return state, ended
    if state.weight_since is None:
        # A new weight is on its way: there is no moment yet from which a window may begin.
        return state, Verdict(RUNNING)
    return _asked(release, state, now, BACKGROUND, step, verdicts)


def with_verdict(decision: Decision, verdict: Verdict) -> Decision:
    """The decision, asking for the verdict's measurements too and waking no later than it wants to look again."""
    if decision.state.is_terminal:
        return decision
    times = [at for at in (decision.wake_at, verdict.next_at) if at is not None]
    return replace(
        decision,
        measures=tuple(dict.fromkeys((*decision.measures, *verdict.measures))),
        wake_at=min(times) if times else None,
    )


def enough_for_taking_over(release: ReleaseSpec, state: State, seen: Seen) -> bool:
    """Whether the background has seen the last weight: each template that decides has a newest measurement that is
    Successful and whose window lies wholly after the weight became actual. True where nothing runs in the background,
    or where a person has accepted it since."""
    step = _background_of(release)
    if step is None:
        return True
    kept = state.runs.get(BACKGROUND) or {}
    accepted = (kept.get("accepted") or {}).get("at")
    weight_since = state.weight_since
    if weight_since is None:
        return False
    if accepted and datetime.fromisoformat(accepted) >= weight_since:
        return True
    for name in step.templates:
        template = release.templates.get(name)
        if template is None:
            return False
        if template.dry_run:
            continue
        mine = [one for one in _of(seen, run_name(state, BACKGROUND), name) if (one.since or one.at) >= weight_since]
        if not mine or max(mine, key=lambda one: one.number).status != SUCCESSFUL:
            return False
    return True


def accept(state: State, run: str, by: str, now: datetime) -> State:
    """A person goes on although a run stayed undecided: a step counts as passed, the background begins a new run."""
    kept = dict(state.runs.get(run) or {"since": now.isoformat(), "tries": 1})
    kept["accepted"] = {"by": by, "at": now.isoformat()}
    if run == BACKGROUND:
        kept |= {"tries": kept["tries"] + 1, "since": now.isoformat(), "asked": {}}
    return state.but(runs={**state.runs, run: kept})


def anew(state: State, run: str, now: datetime) -> State:
    """Measure a run from the beginning, under a new name; what was measured before is kept and counts no more."""
    kept = state.runs.get(run) or {"tries": 0}
    fresh = {"since": now.isoformat(), "tries": kept["tries"] + 1, "accepted": None, "asked": {}}
    return state.but(runs={**state.runs, run: fresh})


def run_name(state: State, run: str) -> str:
    """The name under which a run is measured now: the first try has its plain name."""
    tries = (state.runs.get(run) or {}).get("tries", 1)
    return run if tries <= 1 else f"{run}.{tries}"


def looks_from(state: State, run: str, now: datetime) -> datetime:
    """Before this moment nothing of the run may be looked at: the last weight became actual then, or the run began."""
    first = run.partition(".")[0]
    since = (state.runs.get(first) or {}).get("since")
    began = datetime.fromisoformat(since) if since else now
    return state.weight_since or began


def run_of_step(index: int) -> str:
    """The first name of the run of a canary's step."""
    return f"step-{index}"


def planned_count(release: ReleaseSpec, run: str, name: str) -> int | None:
    """How many looks a run will take of a template, None where their number is open."""
    first = run.partition(".")[0]
    template = release.templates.get(name)
    if first == BACKGROUND or template is None:
        return None
    asked = _asked_by(release.strategy, first)
    return _count(template, asked) if asked else template.count


def background_count(release: ReleaseSpec, template: AnalysisTemplate) -> int:
    """Over how many measurements in a row the limits of a background run hold."""
    asked = _background_of(release)
    return _count(template, asked) if asked else template.count


def templates_of(release: ReleaseSpec, run: str) -> tuple[str, ...]:
    """The templates that a run measures, by its first name."""
    asked = _background_of(release) if run == BACKGROUND else _asked_by(release.strategy, run)
    return asked.templates if asked else ()


def _asked_by(strategy: Strategy, run: str) -> Analyse | None:
    """What the strategy says of a run, None where it has none of that name."""
    if isinstance(strategy, BlueGreen):
        return {"pre_promotion": strategy.pre_promotion, "post_promotion": strategy.post_promotion}.get(run)
    if isinstance(strategy, Canary):
        found = [step for index, step in enumerate(strategy.steps) if run_of_step(index) == run]
        return found[0] if found and isinstance(found[0], Analyse) else None
    return None


def _background_of(release: ReleaseSpec) -> Analyse | None:
    return release.strategy.analysis if isinstance(release.strategy, Canary) else None


def _started(state: State, run: str, now: datetime) -> State:
    return state if run in state.runs else anew(state, run, now)


def _judged(
    release: ReleaseSpec, state: State, seen: Seen, run: str, step: Analyse
) -> tuple[dict[str, TemplateVerdict], Verdict | None]:
    """The verdict of each template, or that one of them is not there to judge by."""
    verdicts = {}
    for name in step.templates:
        template = release.templates.get(name)
        if template is None:
            return {}, Verdict(UNDECIDED, template=name, sentence=Sentence("analysis_no_template", {"template": name}))
        mine = _of(seen, run_name(state, run), name)
        if run == BACKGROUND:
            verdicts[name] = judge_background(template, mine, _count(template, step))
        else:
            verdicts[name] = judge_run(template, mine, _count(template, step))
    return verdicts, None


def _worst(verdicts: Mapping[str, TemplateVerdict]) -> Verdict | None:
    """A failure before an open question; None while nothing has gone wrong."""
    for status in (FAILED_RUN, UNDECIDED):
        for name, one in verdicts.items():
            if one.status == status:
                return Verdict(status, template=name, sentence=one.sentence, evidence=one.evidence)
    return None


def _asked(
    release: ReleaseSpec, state: State, now: datetime, run: str, step: Analyse, verdicts: Mapping[str, TemplateVerdict]
) -> tuple[State, Verdict]:
    """Ask for what is due, and say when the next is."""
    kept = state.runs[run]
    asked: Json = dict(kept.get("asked") or {})
    measures, times = [], []
    for name, verdict in verdicts.items():
        if verdict.next_number is None:
            continue
        due = _due(release.templates[name], step, state, run, verdict.last)
        before = asked.get(name)
        if before and before["number"] == verdict.next_number:
            due = max(due, datetime.fromisoformat(before["at"]) + ASK_AGAIN)
        if due <= now:
            measures.append(Measure(run_name(state, run), name, verdict.next_number))
            asked[name] = {"number": verdict.next_number, "at": now.isoformat()}
            due = now + ASK_AGAIN
        times.append(due)
    if measures:
        state = state.but(runs={**state.runs, run: {**kept, "asked": asked}})
    return state, Verdict(RUNNING, tuple(measures), min(times) if times else None)


def _due(template: AnalysisTemplate, step: Analyse, state: State, run: str, last: Measurement | None) -> datetime:
    """When the next measurement may be made: after the interval, and not before the weight is old enough to show."""
    began = datetime.fromisoformat(state.runs[run]["since"])
    window = min(timedelta(seconds=template.window_seconds), LEAST_WINDOW)
    first = max(began + timedelta(seconds=template.initial_delay_seconds), (state.weight_since or began) + window)
    if last is None:
        return first
    return max(first, last.at + timedelta(seconds=step.interval_seconds or template.interval_seconds))


def _count(template: AnalysisTemplate, step: Analyse) -> int:
    return step.count or template.count


def _of(seen: Seen, run: str, name: str) -> list[Measurement]:
    return [one for one in seen.measurements if one.run == run and one.template == name]
