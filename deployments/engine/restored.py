"""Finding a release's place again after its row came back from a backup, by the claim on its Deployment."""

from __future__ import annotations

from datetime import datetime

from deployments.engine import rolling_hold
from deployments.engine.answers import GIVING_BACK, act, end, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.fencing import to_raise
from deployments.engine.in_place import sets_of, side_of
from deployments.engine.json import Json
from deployments.engine.phases import deployment_of
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.steps import sizes_for
from deployments.engine.strategies import Canary, SetWeight
from deployments.engine.workload import Claim, claim_of, is_complete, same_template, template_of


def claimed_epoch(release: ReleaseSpec, deployment: Json) -> int | None:
    """The epoch under which this release last wrote to the Deployment, None where it claims nothing."""
    claim = claim_of(deployment)
    if not _is_ours(release, claim):
        return None
    return int(claim.epoch) if claim.epoch.isdigit() else 0


def find_again(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Go on where the Deployment is still claimed by this release; else it ended, or another came after it, in the
    time that the backup does not know, and writing yesterday's template would undo that.

    The release's epoch is above the claimed one by now; it is stamped on all that it holds before anything else is
    believed.
    """
    deployment = deployment_of(seen)
    claim = claim_of(deployment)
    found = state.but(restored="", refused=None, tries=0, written={})
    if _is_ours(release, claim):
        if unstamped := to_raise(release, seen):
            return act(state, unstamped, release, now)
        # What the backup knows of sizes is not what was asked for since: it would look like another hand's doing.
        place = {name: kept for name, kept in state.place.items() if name in ("begun", "rolling", "taken")}
        fresh = found.but(ready_high=-1, ready_rose_at=now, bad_since={}, undone=(), place=place)
        fresh = _held_again(_caught_up(release, fresh, seen), deployment, now)
        return look_again(fresh, now, Said("restore.find", Sentence("found_again", release.names)))
    if state.phase in GIVING_BACK:
        return look_again(found, now)
    if same_template(template_of(deployment), release.template_to) and is_complete(deployment):
        return end(found, now, "Succeeded", "", "found_done", **release.names)
    return end(found, now, "Failed", "Conflict", "not_found_again", **release.names)


def _caught_up(release: ReleaseSpec, state: State, seen: Seen) -> State:
    """Go on from the furthest weight that the pods show: what the backup had not seen is not taken back."""
    strategy = release.strategy
    if not isinstance(strategy, Canary) or state.phase in GIVING_BACK:
        return state
    new = side_of(sets_of(release, state, seen).new)
    reached = [
        index
        for index, step in enumerate(strategy.steps)
        if isinstance(step, SetWeight) and 0 < sizes_for(release, state, seen, step.weight).new <= new.size
    ]
    furthest = max(reached, default=-1)
    return state.but(step=furthest, step_done={}) if furthest > state.step else state


def _held_again(state: State, deployment: Json, now: datetime) -> State:
    """A rolling release that a person holds, although the backup had not seen it, stays held."""
    if rolling_hold.is_marked(deployment) and not state.held and state.phase not in GIVING_BACK:
        return rolling_hold.held_by(state, deployment, "", now)
    return state


def _is_ours(release: ReleaseSpec, claim: Claim) -> bool:
    return (claim.portal, claim.release) == (release.portal, release.id)
