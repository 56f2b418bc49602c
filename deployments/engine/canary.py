"""The phases of a canary: begun in place, step by step, taken over, ended (delivery.md, Phases and Canary)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from deployments.engine import analysis, in_place, keeping, rolling, routing, steps
from deployments.engine import in_place_patches as patches
from deployments.engine.aborting_in_place import aborting
from deployments.engine.answers import LOOK_WHILE_WAITING, end, look_again, wait
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.foreign_hands import undone
from deployments.engine.phases import Phase, deployment_of, enter, is_ours, runs_new
from deployments.engine.progress import fresh_clocks
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.taking_over import finishing, taking_over
from deployments.engine.weights import Sizes
from deployments.engine.workload import desired_of


def gated(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """As before any release; and the Deployment is not in the middle of another rollout."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        # The row came back from a backup that was made before the first write.
        return look_again(enter(state, "Preparing", now), now)
    active = [one for one in seen.replica_sets if patches.size_of(one)]
    if len(active) > 1 and not deployment["spec"].get("paused"):
        until = (state.started_at or now) + timedelta(seconds=release.strategy.progress_deadline_seconds)
        sentence = Sentence("mid_rollout", release.names)
        if now >= until:
            return end(state, now, "Failed", "Conflict", sentence.code, **sentence.params)
        return wait(state.but(message=sentence), now)
    return rolling.gated(release, state, seen, now)


def preparing(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Both versions stand in one Deployment, the new one without pods, before anything is moved."""
    deployment = deployment_of(seen)
    ours = is_ours(release, deployment)
    if not ours and not state.place.get("begun") and (not desired_of(deployment) or runs_new(release, deployment)):
        # No pods, or the template is there already: there is nothing to put beside it.
        return look_again(state.but(place={"rolling": True}), now)
    if begun := in_place.begun(release, state, seen, now):
        return begun
    state = state.but(place={**state.place, "begun": True})
    if not desired_of(deployment):
        return keeping.scaled_to_zero(release, state, now)
    for ensure in (undone, in_place.cleared, in_place.made, routing.opened):
        if answer := ensure(release, state, seen, now):
            return answer
    started = fresh_clocks(state, now).but(step_started_at=now, message=None)
    return look_again(enter(started, "Progressing", now), now)


def going(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Progressing, and the phases that a step is waited for in: Paused, AwaitingApproval, Analysing."""
    return keeping.kept(release, state, seen, now, _next)


def _next(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    if state.step < len(steps.canary_of(release).steps):
        return steps.under_way(release, state, seen, now)
    if state.weight_since and not state.full and not analysis.enough_for_taking_over(release, state, seen):
        message = Sentence("waits_for_measurement")
        return Decision(state.but(phase="Analysing", message=message), wake_at=now + LOOK_WHILE_WAITING)
    message = Sentence("taking_over", release.names)
    taking = fresh_clocks(state, now).but(message=message, step_started_at=now, reason="", evidence=None)
    return look_again(
        enter(taking, "TakingOver", now),
        now,
        Said("release.take_over", message),
        consumed=("promote",) if "promote" in state.asks else (),
    )


def paused(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """A pause of the steps, a person's pause, or something wrong that waits for a person."""
    if state.reason == "ScaledToZero" and not state.held:
        return keeping.while_at_zero(release, state, seen, now)
    if state.held:
        return keeping.kept(release, state, seen, now, partial(keeping.held, follow=_follow))
    if state.reason:
        return _stopped(release, state, seen, now)
    return going(release, state, seen, now)


def _follow(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """While a person holds it, only N is followed, where a weight has been reached."""
    if not state.weight_since or (state.held or {})["phase"] == "TakingOver":
        return None
    moving = steps.weighted(release, state, seen, now)
    return moving if moving and moving.writes else None


def _stopped(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Something is wrong: retry goes on from here with fresh clocks, promote accepts what an analysis left open."""
    run = state.step_done.get("undecided")
    if ask := state.asks.get("promote"):
        if run and state.reason == "AnalysisInconclusive":
            state = state.but(full=state.full or bool(ask.get("full")))
            return _on(analysis.accept(state, run, ask.get("by", ""), now), now, "accepted_by", ask, "promote")
        return look_again(state, now, consumed=("promote",))
    if ask := state.asks.get("retry"):
        if run and state.reason == "AnalysisInconclusive":
            state = analysis.anew(state, run, now)
        elif state.reason == "AnalysisFailed":
            for failed in (analysis.BACKGROUND, f"step-{state.step}", "pre_promotion", "post_promotion"):
                state = analysis.anew(state, failed, now) if failed in state.runs else state
        return _on(state.but(undone=(), takes_any_template=True), now, "retried", ask, "retry")
    if state.place.get("begun") and not is_ours(release, deployment_of(seen)):
        # Somebody has given the Deployment back while this waited, as with the two lines that the page shows.
        return undone(release, state, seen, now) or wait(state, now, LOOK_WHILE_WAITING)
    if not desired_of(deployment_of(seen)) and is_ours(release, deployment_of(seen)):
        return keeping.scaled_to_zero(release, state, now)
    return _emptied(release, state, seen, now) or wait(state, now, LOOK_WHILE_WAITING)


def _emptied(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """All pods are old ones again where the new ones held an autoscaler back."""
    if not state.place.get("emptied") or not is_ours(release, deployment_of(seen)):
        return None
    if steps.has_router(release) and (emptying := routing.emptied(release, state, seen, now)):
        return emptying
    to = Sizes(0, desired_of(deployment_of(seen)))
    moving = in_place.moved(release, state, seen, now, to)
    return moving if moving and moving.writes else None


def _on(state: State, now: datetime, code: str, ask: dict[str, str], name: str) -> Decision:
    message = Sentence(code, {"by": ask.get("by", "")})
    done = {key: value for key, value in state.step_done.items() if key != "undecided"}
    place = {
        key: value for key, value in state.place.items() if key not in ("emptied", "unready_since", "unknown_since")
    }
    fresh = fresh_clocks(state, now).but(reason="", evidence=None, message=message, step_done=done, place=place)
    phase = "Progressing" if place.get("begun") and state.step_started_at else "Preparing"
    return look_again(enter(fresh, phase, now), now, consumed=(name,))


PHASES: dict[str, Phase] = {
    "Queued": rolling.queued,
    "Gated": gated,
    "Preparing": preparing,
    "Progressing": going,
    "Paused": paused,
    "AwaitingApproval": going,
    "Analysing": going,
    "TakingOver": taking_over,
    "Finishing": finishing,
    "Aborting": aborting,
}
