"""Blue-green: the whole new version beside the old one, tried behind a preview Service, then one switch of the Service.

The stages in order: preview, pre_promotion, approval, switch, post_promotion, scale_down; those that the strategy does
not ask for are left out. `State.step` is the stage that is under way. `State.routing` remembers `switched`: the routed
Service is meant for the new version; `actual`: 100 once its endpoints are. At no time has the Service fewer ready
endpoints than N - max_unavailable: it is switched only to as many ready pods as are wanted, and back likewise.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from deployments.engine import (
    aborting_in_place,
    canary,
    gates,
    in_place,
    keeping,
    pin,
    rolling,
    routing,
    steps,
)
from deployments.engine.answers import LOOK_WHILE_MOVING, LOOK_WHILE_WAITING, look_again, wait
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.phases import Phase, Stage, deployment_of, enter, is_ours, stop
from deployments.engine.progress import fresh_clocks
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Analyse, BlueGreen
from deployments.engine.taking_over import finishing
from deployments.engine.waiting import awaited
from deployments.engine.weights import Sizes
from deployments.engine.workload import desired_of

PRE, POST, GATE = "pre_promotion", "post_promotion", "approval"


def blue_green_of(release: ReleaseSpec) -> BlueGreen:
    """The strategy, which is blue-green wherever these phases run. Raises TypeError."""
    if not isinstance(release.strategy, BlueGreen):
        raise TypeError("only blue-green has these stages")
    return release.strategy


def stages_of(strategy: BlueGreen) -> list[str]:
    """The names of the stages that the strategy asks for, in order."""
    asked = {PRE: strategy.pre_promotion, GATE: strategy.approval, POST: strategy.post_promotion}
    order = ("preview", PRE, GATE, "switch", POST, "scale_down")
    return [name for name in order if name not in asked or asked[name]]


def going(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Progressing, and the phases that a stage is waited for in: Paused, AwaitingApproval, Analysing."""
    return keeping.kept(release, state, seen, now, _next)


def paused(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The wait before the switch, a person's pause, or something wrong that waits for a person."""
    if state.reason == "ScaledToZero" and not state.held:
        return keeping.while_at_zero(release, state, seen, now)
    if state.held:
        # Only N is followed, and the Services are kept.
        return keeping.kept(release, state, seen, now, partial(keeping.held, follow=_keep))
    return canary.paused(release, state, seen, now) if state.reason else going(release, state, seen, now)


def _next(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    stages = stages_of(blue_green_of(release))
    if state.step >= len(stages):
        message = Sentence("taking_over", release.names)
        taking = fresh_clocks(state, now).but(message=message, step=len(stages) - 1, reason="", evidence=None)
        return look_again(enter(taking, "TakingOver", now), now, Said("release.take_over", message))
    name = stages[state.step]
    if "begun" not in state.step_done:
        sentence = Sentence(f"stage_{name}", {"number": state.step + 1, "count": len(stages)})
        return gates.window_open(release, state, seen, now) or steps.begin(state, now, name, sentence)
    if (ask := state.asks.get("promote")) and not (ask.get("full") and not state.full):
        return steps.promoted(state, ask, now, is_wait=name in ("switch", "scale_down") and not ask.get("full"))
    for ensure in (_keep, STAGES[name]):
        if answer := ensure(release, state, seen, now):
            return answer
    is_skipped = state.full and name in ("pre_promotion", "post_promotion")
    return steps.finish(state, now, name, len(stages), skipped=is_skipped)


def _keep(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """What holds in every stage: both Services lead where they should, and both versions follow N."""
    if aiming := _aimed(release, state, seen, now):
        return aiming
    sets = in_place.sets_of(release, state, seen)
    wanted = desired_of(deployment_of(seen))
    new = in_place.side_of(sets.new).size
    # A preview of fewer pods keeps its number; one that has grown once follows.
    to = Sizes(wanted if new and state.routing.get("grown") else new, wanted)
    moving = in_place.moved(release, state, seen, now, to, steps.on_top(release, state, seen, to))
    return moving if moving and (moving.writes or moving.again) else None


def _aimed(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Both Services lead where they should. The routed one is never led to fewer ready pods than must stay ready while
    those that it leads to now are better."""
    aiming = routing.opened(release, state, seen, now)
    service = pin.service_named(seen, routing.ends_of(release, state, seen).stable)
    if not aiming or not aiming.writes or service is None or aiming.writes[0].name != service["metadata"]["name"]:
        return aiming
    sets = in_place.sets_of(release, state, seen)
    to, now_at = (sets.new, sets.old) if state.routing.get("switched") else (sets.old, sets.new)
    is_switch = pin.pinned_hash(service) == pin.hash_of_set(now_at)
    ready, needed = in_place.side_of(to).ready, max(1, in_place.bounds_of(release, state, seen).least)
    if is_switch and ready < needed and ready <= in_place.side_of(now_at).ready:
        return awaited(release, wait(state, now), seen, now)
    return aiming


def _preview(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The new version is ready behind its preview Service."""
    wanted = desired_of(deployment_of(seen))
    asked = blue_green_of(release).preview_replicas
    return _brought_up(release, state, seen, now, wanted if asked is None else min(asked, wanted))


def _brought_up(release: ReleaseSpec, state: State, seen: Seen, now: datetime, new: int) -> Decision | None:
    to = Sizes(new, desired_of(deployment_of(seen)))
    if moving := in_place.moved(release, state, seen, now, to, steps.on_top(release, state, seen, to)):
        return awaited(release, moving, seen, now)
    ends = routing.ends_of(release, state, seen, "preview")
    name = ends.stable if state.routing.get("switched") else ends.canary
    lagging = _not_in(release, state, seen, now, name, in_place.sets_of(release, state, seen).new, new)
    return awaited(release, lagging, seen, now) if lagging else None


def _not_in(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, name: str, replica_set: Json | None, wanted: int
) -> Decision | None:
    """Wait until so many ready pods of a ReplicaSet stand in a Service's EndpointSlices."""
    count = len(pin.ready_pods_of(seen, name) & pin.pods_of(seen, replica_set))
    if count >= wanted:
        return None
    message = Sentence("endpoints_lag", {"service": name, "count": count, "wanted": wanted})
    return wait(state.but(message=message), now)


def _analysed(release: ReleaseSpec, state: State, seen: Seen, now: datetime, run: str) -> Decision | None:
    step: Analyse | None = getattr(blue_green_of(release), run)
    if step is None or state.full:
        return None
    return steps.analysed(release, state, seen, now, run, step)


def _before(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    return _analysed(release, state, seen, now, PRE)


def _after(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    return _analysed(release, state, seen, now, POST)


def _approved(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    approval = blue_green_of(release).approval
    return gates.approved(release, state, seen, now, GATE, approval) if approval else None


def _switch(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Somebody says so or the time comes, the new version is at N, and one write leads the Service to it."""
    if not state.routing.get("switched"):
        if waiting := _not_asked_for(release, state, now):
            return waiting
        wanted = desired_of(deployment_of(seen))
        state = routing.noting(state, grown=True)
        if growing := _brought_up(release, state, seen, now, wanted):
            return growing
        # The wait may have been long: what began meanwhile holds the switch.
        if held := gates.window_open(release, state, seen, now):
            return held
        said = Said("traffic.switch", Sentence("switching", release.names))
        switched = routing.noting(state, switched=True).but(weight=100, weight_since=None)
        return look_again(enter(switched, "Progressing", now, message=said.sentence), now, said)
    if state.weight_since:
        return None
    sets = in_place.sets_of(release, state, seen)
    name = routing.ends_of(release, state, seen).stable
    needed = max(1, in_place.bounds_of(release, state, seen).least)
    if lagging := _not_in(release, state, seen, now, name, sets.new, needed):
        return awaited(release, lagging, seen, now)
    return look_again(routing.noting(state, actual=100).but(weight_since=now), now)


def _not_asked_for(release: ReleaseSpec, state: State, now: datetime) -> Decision | None:
    strategy = blue_green_of(release)
    if state.full or strategy.approval or "promoted" in state.step_done:
        return None
    since = state.step_started_at or now
    due = [now + LOOK_WHILE_WAITING]
    params: Json = {}
    if strategy.auto_promote_seconds is not None:
        at = since + timedelta(seconds=strategy.auto_promote_seconds)
        if now >= at:
            return None
        due.append(at)
        params["until"] = at.isoformat()
    if strategy.auto_abort_seconds is not None:
        at = since + timedelta(seconds=strategy.auto_abort_seconds)
        if now >= at:
            sentence = Sentence("not_promoted", {"seconds": strategy.auto_abort_seconds, **release.names})
            return stop(release, state, now, "ApprovalExpired", sentence, on_failure="abort")
        due.append(at)
    message = Sentence("pausing_until" if params else "waits_for_switch", params)
    return Decision(state.but(phase="Paused", reason="", message=message), wake_at=min(due))


def _scale_down(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The old pods stay for a while: until then the way back is one write."""
    if state.full or "promoted" in state.step_done:
        return None
    seconds = blue_green_of(release).scale_down_delay_seconds
    until = (state.step_started_at or now) + timedelta(seconds=seconds)
    if now >= until:
        return None
    message = Sentence("keeps_old", {"until": until.isoformat()})
    return Decision(state.but(message=message), wake_at=min(until, now + LOOK_WHILE_WAITING))


def taking_over(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The old version goes, then the Service takes all pods again, then the preview Service goes."""
    return keeping.kept(release, state, seen, now, _take_over, on_failure="pause")


def _take_over(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    if not state.place.get("taken"):
        if aiming := _aimed(release, state, seen, now):
            return aiming
        alone = Sizes(desired_of(deployment_of(seen)), 0)
        if moving := in_place.moved(release, state, seen, now, alone, steps.on_top(release, state, seen, alone)):
            return awaited(release, moving, seen, now, on_failure="pause")
        return look_again(state.but(place={**state.place, "taken": True}), now)
    if closing := routing.closed(release, state, seen, now):
        return closing
    done = state.but(weight=100, reason="", evidence=None, message=Sentence("finishing", release.names))
    return look_again(enter(done, "Finishing", now, ready_rose_at=now), now)


def aborting(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Once switched: the old version at N again if it shrank, one write of the selector, a while, and then as ever."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment) and desired_of(deployment) and (back := _traffic_back(release, state, seen, now)):
        return back
    return aborting_in_place.aborting(release, state, seen, now)


def _traffic_back(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    if "switched" not in state.routing:
        return None
    sets = in_place.sets_of(release, state, seen)
    wanted, new, old = desired_of(deployment_of(seen)), in_place.side_of(sets.new), in_place.side_of(sets.old)
    if state.routing.get("switched"):
        deadline = timedelta(seconds=release.strategy.progress_deadline_seconds)
        if sets.old is None or now - (state.step_started_at or now) >= deadline:
            # There is nothing that one write could lead back to: the controller brings it, and the pin goes meanwhile.
            return None
        to = Sizes(new.size, wanted)
        moving = in_place.moved(release, state, seen, now, to, steps.on_top(release, state, seen, to))
        enough = old.ready >= max(1, in_place.bounds_of(release, state, seen).least)
        if moving and (moving.writes or not enough):
            return moving
        back = routing.noting(state, switched=False).but(weight=0)
        return look_again(back, now)
    if aiming := routing.opened(release, state, seen, now):
        return aiming
    if not state.on_stable:
        name = routing.ends_of(release, state, seen).stable
        if old.ready and (lagging := _not_in(release, state, seen, now, name, sets.old, 1)):
            return lagging
        place = {**state.place, "weightless_since": now.isoformat()}
        settled = routing.noting(state, actual=0).but(on_stable=True, place=place)
        return look_again(settled, now, Said("traffic.restore", Sentence("traffic_restored", release.names)))
    if aborting_in_place.is_let_loose(seen):
        return None
    seconds = blue_green_of(release).abort_scale_down_delay_seconds
    until = datetime.fromisoformat(state.place["weightless_since"]) + timedelta(seconds=seconds)
    return None if now >= until else Decision(state, wake_at=min(until, now + LOOK_WHILE_MOVING))


STAGES: dict[str, Stage] = {
    "preview": _preview,
    PRE: _before,
    GATE: _approved,
    "switch": _switch,
    POST: _after,
    "scale_down": _scale_down,
}

PHASES: dict[str, Phase] = {
    "Queued": rolling.queued,
    "Gated": canary.gated,
    "Preparing": canary.preparing,
    "Progressing": going,
    "Paused": paused,
    "AwaitingApproval": going,
    "Analysing": going,
    "TakingOver": taking_over,
    "Finishing": finishing,
    "Aborting": aborting,
}
