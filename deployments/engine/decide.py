"""What a release does next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from deployments.engine import blue_green, canary, gates, rolling, routing
from deployments.engine.answers import act, blind, end, seeing_again, stay, wait
from deployments.engine.decision import Decision, State
from deployments.engine.fencing import to_stamp
from deployments.engine.phases import Phase
from deployments.engine.restored import find_again
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import counts_of

OBSERVE_AGAIN = timedelta(seconds=0.5)

STRATEGIES: dict[str, dict[str, Phase]] = {
    "rolling": rolling.PHASES,
    "canary": canary.PHASES,
    "blue_green": blue_green.PHASES,
}


# Far more than a release has turns to take without touching the cluster; beyond it something goes round in circles.
MOST_TURNS = 20


def decide(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """What this release does next. Pure: same arguments, same answer.

    Turns that only move the state are taken at once, as one Decision: each saved by itself would cost a transaction.
    """
    decision = _turn(release, state, seen, now)
    for _ in range(MOST_TURNS):
        if not decision.again or decision.writes or decision.state.is_terminal or state.phase == "Queued":
            break
        asks = {name: ask for name, ask in state.asks.items() if name not in decision.consumed}
        following = _turn(release, decision.state.but(asks=asks), seen, now)
        decision = replace(
            following,
            said=(*decision.said, *following.said),
            measures=(*decision.measures, *following.measures),
            approvals=(*decision.approvals, *following.approvals),
            consumed=(*decision.consumed, *following.consumed),
        )
    return decision


def _turn(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """One turn.

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
        if unstamped := to_stamp(release, state, seen):
            return act(state, unstamped, release, now)
        state = state.but(unconfirmed=None)
    if not seen.fresh:
        return wait(state, now, OBSERVE_AGAIN)
    if seen.deployment is not None and state.phase != "Queued":
        state = state.but(counts=counts_of(seen, release.template_to))
    if lost := _lost(release, state, seen, now):
        return lost
    if state.restored and state.phase != "Queued":
        return find_again(release, state, seen, now)
    if asked := rolling.asked_to_stop(release, state, seen, now):
        return asked
    return _phase_of(release, state)(release, state, seen, now)


def _phase_of(release: ReleaseSpec, state: State) -> Phase:
    if gates.awaits_start(state):
        return gates.awaiting_start
    # A release that found no pods, or its template written already, rolls: there is nothing to put beside it.
    strategy = "rolling" if state.place.get("rolling") else release.strategy.type
    return STRATEGIES[strategy][state.phase]


def _lost(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Without its Deployment a release gives back what it has borrowed beside it, and ends."""
    code = _is_lost(release, state, seen)
    if not code:
        return None
    return routing.released(release, state, seen, now) or end(state, now, "Failed", "Conflict", code, **release.names)


def _is_lost(release: ReleaseSpec, state: State, seen: Seen) -> str:
    """Which sentence says that the Deployment of the plan is no more, "" while it is there."""
    if seen.deployment is None:
        return "" if state.phase == "Queued" else "deployment_gone"
    replaced = release.uid and seen.deployment["metadata"]["uid"] != release.uid
    return "deployment_replaced" if replaced else ""
