"""Waiting for pods of the new version: how long, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from deployments.engine import in_place
from deployments.engine.decision import Decision, Sentence, State
from deployments.engine.phases import stop
from deployments.engine.progress import (
    deadline_of,
    next_look,
    note_failures,
    note_progress,
    overdue,
    proof_of,
    unready,
)
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary


def awaited(release: ReleaseSpec, moving: Decision, seen: Seen, now: datetime, *, on_failure: str = "") -> Decision:
    """A move that only waits is held to the deadline; one that writes, or has come to an end, is as it is."""
    state = moving.state
    if moving.writes or moving.again or state.is_terminal:
        return moving
    sets = in_place.sets_of(release, state, seen)
    state = note_progress(state, state.counts.new_ready, now)
    state, found = note_failures(state, seen, (sets.new,) if sets.new else (), now)
    if stopped := overdue(release, state, seen, now, on_failure=on_failure):
        return stopped
    state, holding_back = _holds_back_autoscaler(release, state, seen, now, on_failure)
    if holding_back:
        return holding_back
    # What the route waits for is told by routing itself.
    message = state.message if state.routing.get("waits") else Sentence("sharing", vars(state.counts))
    reason, proof = "", None
    if found:
        message, reason = Sentence(f"pods_{found[0].reason}", proof_of(found[0], release)), found[0].reason
        proof = found[0].to_json()
    look = next_look(state, found, deadline_of(release, state, now), now)
    at = min(look, moving.wake_at) if moving.wake_at else look
    return replace(moving, state=state.but(message=message, reason=reason, evidence=proof), wake_at=max(at, now))


def _holds_back_autoscaler(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, on_failure: str
) -> tuple[State, Decision | None]:
    """Pods that do not get ready count for an HPA as if they were idle: they must not keep it from scaling."""
    if seen.autoscaler is None or not isinstance(release.strategy, Canary):
        return state, None
    new = in_place.side_of(in_place.sets_of(release, state, seen).new)
    if new.ready >= new.size:
        return state.but(place={name: kept for name, kept in state.place.items() if name != "unready_since"}), None
    since = state.place.get("unready_since") or now.isoformat()
    state = state.but(place={**state.place, "unready_since": since})
    seconds = release.strategy.canary_ready_timeout_seconds
    if now - datetime.fromisoformat(since) < timedelta(seconds=seconds):
        return state, None
    sentence = Sentence("canary_not_ready", {"seconds": seconds, **release.names})
    emptied = state.but(place={**state.place, "emptied": True})
    return state, stop(
        release, emptied, now, "ProgressDeadlineExceeded", sentence, unready(seen), on_failure=on_failure
    )
