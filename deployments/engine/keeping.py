"""What holds in every phase between begin and end: other hands, no replicas, the analysis in the background, people."""

from __future__ import annotations

from datetime import datetime

from deployments.engine import analysis, in_place, routing
from deployments.engine.analysis import Verdict
from deployments.engine.answers import LOOK_WHILE_WAITING, look_again, wait
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.foreign_hands import undone
from deployments.engine.in_place_patches import is_in_place
from deployments.engine.judge import FAILED_RUN, UNDECIDED
from deployments.engine.phases import Phase, Stage, deployment_of, enter, is_ours, left_to_person, stop
from deployments.engine.progress import failed, fresh_clocks, note_failures
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import desired_of


def kept(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, go_on: Phase, *, on_failure: str = ""
) -> Decision:
    """Go on only while everything holds. Measurements of the background are asked for whatever comes of it."""
    if not desired_of(deployment_of(seen)):
        return scaled_to_zero(release, state, now)
    if not is_in_place(deployment_of(seen)) and (opening := routing.unpinned(release, state, seen, now)):
        # Whoever let the controller go on may leave a pinned Service without a pod.
        return opening
    if answer := undone(release, state, seen, now):
        return answer
    new = in_place.sets_of(release, state, seen).new
    state, found = note_failures(state, seen, (new,) if new else (), now)
    if stopped := failed(release, state, found, now, on_failure=on_failure):
        return stopped
    state, verdict = analysis.background(release, state, seen, now)
    if judged := decided(release, state, now, analysis.BACKGROUND, verdict):
        return judged
    return analysis.with_verdict(asked(state, now) or go_on(release, state, seen, now), verdict)


def decided(release: ReleaseSpec, state: State, now: datetime, run: str, verdict: Verdict) -> Decision | None:
    """What an analysis has come to: a failure stops the release, an open question waits for a person. None: go on."""
    if verdict.status == FAILED_RUN:
        sentence = verdict.sentence or Sentence("analysis_failed", {"template": verdict.template})
        stopped = stop(release, state, now, "AnalysisFailed", sentence)
        return Decision(
            stopped.state.but(evidence=verdict.evidence or None), said=stopped.said, wake_at=now, again=True
        )
    undecided = state.step_done.get("undecided")
    if verdict.status != UNDECIDED or (state.phase == "Paused" and undecided == run):
        return None
    sentence = verdict.sentence or Sentence("analysis_inconclusive", {"template": verdict.template})
    state = state.but(step_done={**state.step_done, "undecided": run}, evidence=verdict.evidence or None)
    return left_to_person(state, now, "AnalysisInconclusive", sentence, step=state.step, evidence=verdict.evidence)


def asked(state: State, now: datetime) -> Decision | None:
    """A person's pause, and promote full, in any phase that goes on. None where nobody asks."""
    if ask := state.asks.get("pause"):
        if state.held or (state.phase == "Paused" and state.reason):
            return look_again(state, now, consumed=("pause",))
        message = Sentence("paused_by", {"by": ask.get("by", "")})
        held = state.but(phase="Paused", held={"by": ask.get("by", ""), "phase": state.phase}, message=message)
        return look_again(held, now, consumed=("pause",))
    ask = state.asks.get("promote")
    if ask and ask.get("full") and not state.full:
        return look_again(state.but(full=True), now, consumed=("promote",))
    return None


def scaled_to_zero(release: ReleaseSpec, state: State, now: datetime) -> Decision:
    """Nobody wants pods: give the Deployment back at once, else the new version alone is what scales up."""
    sentence = Sentence("scaled_to_zero_held", release.names)
    return left_to_person(state, now, "ScaledToZero", sentence)


def while_at_zero(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Paused with ScaledToZero: everything is given back, and begun anew once pods are wanted again."""
    for ensure in (in_place.given_back, routing.closed, in_place.cleaned):
        if answer := ensure(release, state, seen, now):
            return answer
    if not desired_of(deployment_of(seen)) or is_ours(release, deployment_of(seen)):
        return wait(state, now, LOOK_WHILE_WAITING)
    fresh = fresh_clocks(state, now).but(
        originals=None,
        place={},
        routing={},
        step=0,
        step_done={},
        step_started_at=None,
        weight=0,
        weight_since=None,
        full=False,
        skipped=(),
        reason="",
        undone=(),
    )
    message = Sentence("begun_anew", release.names)
    return look_again(enter(fresh, "Preparing", now, message=message), now, Said("release.resume", message))


def held(release: ReleaseSpec, state: State, seen: Seen, now: datetime, follow: Stage) -> Decision:
    """A person's pause: nothing moves until somebody resumes. `follow` keeps what was reached as it is."""
    if on := resumed(state, now):
        return on
    if "promote" in state.asks:
        # Meant for a pause that is not the one that holds now.
        return look_again(state, now, consumed=("promote",))
    return follow(release, state, seen, now) or wait(state, now, LOOK_WHILE_WAITING)


def resumed(state: State, now: datetime) -> Decision | None:
    """Somebody ends a person's pause: on with the phase that it held, with fresh clocks; other hands are counted anew.
    None: it still holds."""
    for name in ("resume", "retry"):
        if name in state.asks:
            message = Sentence("resumed_by", {"by": state.asks[name].get("by", "")})
            phase = (state.held or {})["phase"]
            on = enter(fresh_clocks(state, now), phase, now, held=None, reason="", message=message, undone=())
            return look_again(on, now, consumed=(name,))
    return None
