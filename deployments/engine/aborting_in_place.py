"""Back to the old version from anywhere in a release in place (delivery.md, Canary, Abort)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.engine import in_place, routing
from deployments.engine import in_place_patches as patches
from deployments.engine.answers import LOOK_WHILE_MOVING, end, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.phases import deployment_of, is_ours
from deployments.engine.progress import deadline_of, note_progress
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary
from deployments.engine.weights import Side
from deployments.engine.workload import desired_of, is_complete, same_template, template_of


def aborting(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Traffic first, then pods, then our marks. By replicas one patch does it: the controller needs no more of us."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        back = _traffic_back(release, state, seen, now) if desired_of(deployment) else None
        return back or in_place.given_back(release, state, seen, now) or look_again(state, now)
    if closing := routing.closed(release, state, seen, now):
        return closing
    how, waiting = _old_version(release, state, seen, now)
    if waiting:
        return waiting
    if how != "restored_not_ready" and (removing := in_place.removed(release, state, seen, now)):
        return removing
    if cleaning := in_place.cleaned(release, state, seen, now):
        return cleaning
    return _gave_back(release, state, now, how)


def _traffic_back(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """With a router: weight 0, the old version at N again, and a while for what is under way. None: pods may go."""
    strategy = release.strategy
    if not (isinstance(strategy, Canary) and strategy.traffic != "replicas") or not state.routing:
        return None
    if emptying := routing.emptied(release, state, seen, now):
        return emptying
    if not state.on_stable:
        state = state.but(on_stable=True, weight=0, place={**state.place, "weightless_since": now.isoformat()})
        return look_again(state, now, Said("traffic.restore", Sentence("traffic_restored", release.names)))
    if is_let_loose(seen):
        return None
    sets = in_place.sets_of(release, state, seen)
    wanted = desired_of(deployment_of(seen))
    if sizing := in_place.sized(release, state, seen, now, new=in_place.side_of(sets.new).size, old=wanted):
        return sizing
    until = datetime.fromisoformat(state.place["weightless_since"]) + timedelta(
        seconds=strategy.abort_scale_down_delay_seconds
    )
    return None if now >= until else Decision(state, wake_at=min(until, now + LOOK_WHILE_MOVING))


def is_let_loose(seen: Seen) -> bool:
    """Another hand has ended the hold: the controller takes the old pods away, and only the abort patch brings them
    back, so nothing else is waited for."""
    return not patches.is_in_place(deployment_of(seen))


def _old_version(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> tuple[str, Decision | None]:
    """How the old version came back, or the wait for it."""
    deployment = deployment_of(seen)
    if not state.written or not same_template(template_of(deployment), release.template_back):
        return "", None
    sets = in_place.sets_of(release, state, seen)
    new: Side = in_place.side_of(sets.new)
    if is_complete(deployment) and not new.pods:
        return "restored", None
    state = note_progress(state, state.counts.old_ready, now).but(on_stable=state.on_stable or not new.ready)
    deadline = deadline_of(release, state, now)
    if now >= deadline:
        return "restored_not_ready", None
    return "", Decision(state, wake_at=min(now + LOOK_WHILE_MOVING, deadline))


def _gave_back(release: ReleaseSpec, state: State, now: datetime, how: str) -> Decision:
    """End with the sentence that says why; what became of the old version is a line of its own."""
    sentence = state.message or Sentence("ended")
    said = [Said("restore", Sentence(how, release.names))] if how else []
    ended = end(state, now, state.outcome, state.reason, sentence.code, **sentence.params)
    return Decision(ended.state, said=(*said, *ended.said))
