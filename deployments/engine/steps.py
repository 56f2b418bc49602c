"""The steps of a canary: each function answers None once its step is done, by what is observed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from deployments.engine import analysis, gates, in_place, routing
from deployments.engine.answers import LOOK_WHILE_WAITING, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.judge import PASSED
from deployments.engine.keeping import decided
from deployments.engine.phases import deployment_of, enter
from deployments.engine.progress import fresh_clocks
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Analyse, Approve, Canary, HeaderRoute, Mirror, Pause, SetWeight, Step
from deployments.engine.waiting import awaited
from deployments.engine.weights import Bounds, Sizes, behind_router, share
from deployments.engine.workload import desired_of


def canary_of(release: ReleaseSpec) -> Canary:
    """The strategy, which is a canary wherever these steps run. Raises TypeError."""
    if not isinstance(release.strategy, Canary):
        raise TypeError("only a canary has steps")
    return release.strategy


def has_router(release: ReleaseSpec) -> bool:
    """Whether requests are split by a router, not by numbers of pods."""
    return canary_of(release).traffic != "replicas"


def under_way(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Run the step that is under way; begin it, behind a window, and end it."""
    steps = canary_of(release).steps
    step = steps[state.step]
    if "begun" not in state.step_done:
        return gates.window_open(release, state, seen, now) or _begin(state, now, step, len(steps))
    if ask := state.asks.get("promote"):
        return promoted(state, ask, now, is_wait=isinstance(step, Pause))
    if state.full and not isinstance(step, Approve):
        return finish(state, now, step.kind, len(steps), skipped=True)
    answer = RUN[step.kind](release, state, seen, now, step)
    return answer or finish(state, now, step.kind, len(steps))


def _begin(state: State, now: datetime, step: Step, count: int) -> Decision:
    sentence = Sentence(*_words(step, state.step, count))
    if not isinstance(step, SetWeight):
        return begin(state, now, step.kind, sentence)
    if state.weight != step.weight:
        state = state.but(weight=step.weight, weight_since=None)
    return begin(state, now, step.kind, sentence, weight=step.weight)


def begin(state: State, now: datetime, kind: str, sentence: Sentence, **told: object) -> Decision:
    """Enter the step or stage `kind` with clocks of its own; the timeline says so, with `told` beside step and kind."""
    begun = fresh_clocks(state, now).but(step_done={"begun": now.isoformat()}, step_started_at=now, reason="")
    said = Said("step.started", sentence, {"step": state.step, "kind": kind, **told})
    return look_again(enter(begun, "Progressing", now, message=sentence), now, said)


def finish(state: State, now: datetime, kind: str, count: int, *, skipped: bool = False) -> Decision:
    """Leave the step or stage `kind` for the next of `count`; `skipped` by a promote to 100 percent."""
    seconds = round((now - (state.step_started_at or now)).total_seconds(), 1)
    code = "step_skipped" if skipped else "step_finished"
    sentence = Sentence(code, {"number": state.step + 1, "count": count, "seconds": seconds})
    data: Json = {"step": state.step, "kind": kind, "seconds": seconds}
    if skipped:
        data["skipped"] = True
        state = state.but(skipped=(*state.skipped, state.step))
    following = state.but(step=state.step + 1, step_done={}, reason="", message=None, evidence=None)
    return look_again(enter(following, "Progressing", now), now, Said("step.finished", sentence, data))


def promoted(state: State, ask: Json, now: datetime, *, is_wait: bool) -> Decision:
    """A click leaves the wait that it was meant for; one that comes too late must not skip the next."""
    if is_wait and ask.get("step", state.step) == state.step:
        state = state.but(step_done={**state.step_done, "promoted": ask.get("by", "")})
    return look_again(state, now, consumed=("promote",))


def _words(step: Step, index: int, count: int) -> tuple[str, Json]:
    params: Json = {"number": index + 1, "count": count}
    match step:
        case SetWeight():
            return "step_set_weight", {**params, "weight": step.weight}
        case Pause():
            code = "step_pause" if step.seconds is None else "step_pause_for"
            return code, {**params, "seconds": step.seconds}
        case Analyse():
            return "step_analysis", {**params, "templates": ", ".join(step.templates)}
        case HeaderRoute():
            return "step_set_header_route", {**params, "name": step.name}
        case Mirror():
            return "step_set_mirror", {**params, "percent": step.percent}
        case _:
            return "step_approval", params


def sizes_for(release: ReleaseSpec, state: State, seen: Seen, weight: int) -> Sizes:
    """The numbers of pods that a weight asks for at the number of replicas that is wanted now."""
    strategy, wanted = canary_of(release), desired_of(deployment_of(seen))
    if has_router(release):
        least = 1 if _needs_pods(state, strategy) else 0
        return behind_router(wanted, max(weight, least), strategy.canary_replicas)
    surge, _ = in_place.leeway_of(release, state, seen)
    # Without a surge one replica cannot be shared: the plan refuses it, and N may still fall to 1 later.
    return share(wanted, surge, weight) or Sizes(0, wanted)


def _needs_pods(state: State, strategy: Canary) -> bool:
    """Whether requests go to the new version whatever the weight: by a header, or as copies."""
    asked = strategy.steps[: state.step + 1]
    return any(
        (isinstance(one, HeaderRoute) and one.header) or (isinstance(one, Mirror) and one.percent) for one in asked
    )


def weighted(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Pods, and behind them requests, are shared by the state's weight; both versions follow N when it moves."""
    to = sizes_for(release, state, seen, state.weight)
    if moving := in_place.moved(release, state, seen, now, to, within(release, state, seen, to)):
        return moving
    return routing.steered(release, state, seen, now, state.weight) if has_router(release) else None


def within(release: ReleaseSpec, state: State, seen: Seen, to: Sizes) -> Bounds:
    """The bounds of a move: behind a router the new version comes on top."""
    return on_top(release, state, seen, to) if has_router(release) else in_place.bounds_of(release, state, seen)


def on_top(release: ReleaseSpec, state: State, seen: Seen, to: Sizes) -> Bounds:
    """The bounds where the new version comes on top of the old one: only what must stay ready counts."""
    limits = in_place.bounds_of(release, state, seen)
    return Bounds(max(limits.most, to.new + to.old), limits.least)


def _set_weight(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: SetWeight) -> Decision | None:
    if moving := weighted(release, state, seen, now):
        return awaited(release, moving, seen, now)
    return look_again(state.but(weight_since=now), now) if state.weight_since is None else None


def _pause(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: Pause) -> Decision | None:
    """A pause counts from the start of its step, whatever else holds the release meanwhile."""
    if "promoted" in state.step_done:
        return None
    ends = None
    if step.seconds is not None:
        ends = (state.step_started_at or now) + timedelta(seconds=step.seconds)
        if now >= ends:
            return None
    if adjusting := _follow(release, state, seen, now):
        return adjusting
    latest = now + LOOK_WHILE_WAITING
    params = {"until": ends.isoformat()} if ends else {}
    message = Sentence("pausing_until" if ends else "pausing", params)
    return Decision(
        state.but(phase="Paused", reason="", message=message), wake_at=min(ends, latest) if ends else latest
    )


def _analyse(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: Analyse) -> Decision | None:
    return _follow(release, state, seen, now) or analysed(release, state, seen, now, f"step-{state.step}", step)


def analysed(release: ReleaseSpec, state: State, seen: Seen, now: datetime, run: str, step: Analyse) -> Decision | None:
    """The analysis of a step or stage, named `run`. None: it has passed."""
    state, verdict = analysis.step(release, state.but(phase="Analysing", reason=""), seen, now, run, step)
    if verdict.status == PASSED:
        return None
    if judged := decided(release, state, now, run, verdict):
        return judged
    return analysis.with_verdict(Decision(state, wake_at=now + LOOK_WHILE_WAITING), verdict)


def _approve(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: Approve) -> Decision | None:
    return _follow(release, state, seen, now) or gates.approved(release, state, seen, now, f"step-{state.step}", step)


def _head(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: HeaderRoute) -> Decision | None:
    if moving := weighted(release, state, seen, now) or routing.headed(release, state, seen, now, step):
        return awaited(release, moving, seen, now)
    return None


def _mirror(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: Mirror) -> Decision | None:
    if moving := weighted(release, state, seen, now) or routing.mirrored(release, state, seen, now, step):
        return awaited(release, moving, seen, now)
    return None


def _follow(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """While a step holds, N may move: share it out. What is only waited for does not hold the step."""
    moving = weighted(release, state, seen, now) if state.weight_since else None
    return moving if moving and (moving.writes or moving.again) else None


RUN: dict[str, Callable[[ReleaseSpec, State, Seen, datetime, Any], Decision | None]] = {
    "set_weight": _set_weight,
    "pause": _pause,
    "analysis": _analyse,
    "approval": _approve,
    "set_header_route": _head,
    "set_mirror": _mirror,
}
