"""What a release does next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from deployments.engine import gates, patches, rolling
from deployments.engine.answers import act, blind, end, look_again, seeing_again, stay, wait
from deployments.engine.decision import Decision, State
from deployments.engine.restored import find_again
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import claim_of, counts_of

OBSERVE_AGAIN = timedelta(seconds=0.5)

PHASES = {
    "Queued": rolling.queued,
    "Gated": rolling.gated,
    "Preparing": rolling.preparing,
    "Progressing": rolling.progressing,
    "Paused": rolling.paused,
    "Finishing": rolling.finishing,
    "Aborting": rolling.aborting,
}


def decide(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """What this release does next. Pure: same arguments, same answer.

    Order matters: what has ended stays; a release that has touched nothing may end without looking; then what the
    cluster has not shown yet; then a person's abort and a newer release; only then the phase.
    """
    if state.is_terminal:
        return stay(state)
    if state.phase == "Queued" and (asked := rolling.ends_before_it_began(state, now)):
        return asked
    if seen.unreachable:
        return blind(release, state, seen, now)
    state = seeing_again(state, now)
    if state.unconfirmed:
        if not seen.live:
            return wait(state, now, OBSERVE_AGAIN)
        if must_stamp(release, state, seen):
            return act(state, patches.stamp(release, _deployment(seen)), release, now)
        state = state.but(unconfirmed=None)
    if not seen.fresh:
        return wait(state, now, OBSERVE_AGAIN)
    if seen.deployment is not None and state.phase != "Queued":
        state = state.but(counts=counts_of(seen, release.template_to))
    if lost := _is_lost(release, state, seen):
        return end(state, now, "Failed", "Conflict", lost, **release.names)
    if state.restored and state.phase != "Queued":
        return find_again(release, state, _deployment(seen), now)
    if asked := rolling.asked_to_stop(release, state, seen, now):
        return asked
    return _phase_of(state)(release, state, seen, now)


def _phase_of(state: State) -> Callable[[ReleaseSpec, State, Seen, datetime], Decision]:
    return gates.awaiting_start if gates.awaits_start(state) else PHASES[state.phase]


def _is_lost(release: ReleaseSpec, state: State, seen: Seen) -> str:
    """Which sentence says that the Deployment of the plan is no more, "" while it is there."""
    if seen.deployment is None:
        return "" if state.phase == "Queued" else "deployment_gone"
    replaced = release.uid and seen.deployment["metadata"]["uid"] != release.uid
    return "deployment_replaced" if replaced else ""


def must_stamp(release: ReleaseSpec, state: State, seen: Seen) -> bool:
    """Whether a write of an older epoch may still be on its way, so that nothing seen can be trusted yet.

    A Deployment that another portal or release claimed meanwhile needs no stamp: the older write fails on its claim.
    """
    if seen.deployment is None or not state.unconfirmed or state.unconfirmed["epoch"] >= release.epoch:
        return False
    claim = claim_of(seen.deployment)
    if claim.portal and (claim.portal, claim.release) != (release.portal, release.id):
        return False
    return claim.epoch != str(release.epoch)


def _deployment(seen: Seen) -> dict[str, object]:
    if seen.deployment is None:
        raise ValueError("asked for only after it was seen")
    return seen.deployment


__all__ = ["decide", "look_again", "must_stamp"]
