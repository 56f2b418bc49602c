"""The end of a canary that has proven itself: it takes over, and the Deployment is as it was (delivery.md, Canary)."""

from __future__ import annotations

from datetime import datetime

from deployments.engine import in_place, keeping, routing
from deployments.engine.answers import end, look_again, wait
from deployments.engine.decision import Decision, Sentence, State
from deployments.engine.foreign_hands import undone
from deployments.engine.phases import deployment_of, enter, is_ours
from deployments.engine.progress import deadline_of, note_progress
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.steps import has_router, within
from deployments.engine.waiting import awaited
from deployments.engine.weights import Sizes
from deployments.engine.workload import desired_of, is_complete


def taking_over(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The new version grows to N and the old one goes behind it; a new version that does not come up leaves the release
    paused, and nobody without pods."""
    return keeping.kept(release, state, seen, now, _take_over, on_failure="pause")


def _take_over(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    if moving := (_routed(release, state, seen, now) if has_router(release) else _moved(release, state, seen, now)):
        return awaited(release, moving, seen, now, on_failure="pause")
    done = state.but(weight=100, reason="", evidence=None, message=Sentence("finishing", release.names))
    return look_again(enter(done, "Finishing", now, ready_rose_at=now), now)


def _moved(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """By replicas: waves as large as the bounds allow."""
    return in_place.moved(release, state, seen, now, Sizes(desired_of(deployment_of(seen)), 0))


def _routed(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """With a router all requests go to the new version before the first old pod goes."""
    wanted = desired_of(deployment_of(seen))
    if not state.place.get("taken"):
        both = Sizes(wanted, wanted)
        if moving := in_place.moved(release, state, seen, now, both, within(release, state, seen, both)):
            return moving
        if steering := routing.steered(release, state, seen, now, 100):
            return steering
        return look_again(state.but(place={**state.place, "taken": True}), now)
    if opening := routing.unpinned(release, state, seen, now):
        return opening
    alone = Sizes(wanted, 0)
    if moving := in_place.moved(release, state, seen, now, alone, within(release, state, seen, alone)):
        return moving
    return routing.closed(release, state, seen, now)


def finishing(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Leave the Deployment as it was found, with the new template, and every ReplicaSet without a mark of ours."""
    deployment = deployment_of(seen)
    is_held = is_ours(release, deployment) and not in_place.is_ended(release, state, deployment)
    if is_held and (answer := undone(release, state, seen, now)):
        return answer
    # Where somebody has promoted by hand, traffic is still steered.
    if closing := routing.closed(release, state, seen, now):
        return closing
    if answer := in_place.ended(release, state, seen, now):
        return answer
    if is_complete(deployment) or not desired_of(deployment):
        seconds = round((now - (state.started_at or now)).total_seconds(), 1)
        return end(state, now, "Succeeded", "", "succeeded", seconds=seconds, **release.names)
    state = note_progress(state, state.counts.new_ready, now)
    if now >= deadline_of(release, state, now):
        params = {"seconds": release.strategy.progress_deadline_seconds, **vars(state.counts), **release.names}
        return end(state, now, "Failed", "ProgressDeadlineExceeded", "deadline", **params)
    return wait(state, now)
