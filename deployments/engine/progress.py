"""Whether new pods get on: the engine's own deadline, and failures that last (delivery.md, Phases)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.engine.answers import LOOK_WHILE_MOVING
from deployments.engine.decision import Decision, Sentence, State
from deployments.engine.json import Json
from deployments.engine.phases import stop
from deployments.engine.reasons import Failure, failures
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec

FAIL_AFTER = timedelta(seconds=20)


def note_progress(state: State, ready: int, now: datetime) -> State:
    """The deadline counts from the last rise of ready pods, not from the start."""
    if ready <= state.ready_high:
        return state
    return state.but(ready_high=ready, ready_rose_at=now if state.ready_high >= 0 else state.ready_rose_at)


def fresh_clocks(state: State, now: datetime) -> State:
    """Begin to count anew: nothing that was seen before is held against the new pods."""
    return state.but(ready_high=-1, ready_rose_at=now, bad_since={})


def note_failures(
    state: State, seen: Seen, replica_sets: tuple[Json, ...], now: datetime
) -> tuple[State, list[Failure]]:
    """What is wrong with the pods of these ReplicaSets now, and since when each reason has shown without a break."""
    found = failures(seen, replica_sets)
    since = {failure.reason: state.bad_since.get(failure.reason, now.isoformat()) for failure in found}
    return state.but(bad_since=since), found


def failed(
    release: ReleaseSpec, state: State, found: list[Failure], now: datetime, *, on_failure: str = ""
) -> Decision | None:
    """A failure that lasts stops the release at once. None while there is none."""
    for failure in found:
        if now - datetime.fromisoformat(state.bad_since[failure.reason]) >= FAIL_AFTER:
            sentence = Sentence(f"pods_{failure.reason}", proof_of(failure, release))
            return stop(release, state, now, failure.reason, sentence, failure, on_failure=on_failure)
    return None


def overdue(release: ReleaseSpec, state: State, seen: Seen, now: datetime, *, on_failure: str = "") -> Decision | None:
    """No pod became ready within the deadline. None while there is time."""
    if now < deadline_of(release, state, now):
        return None
    params = {"seconds": release.strategy.progress_deadline_seconds, **vars(state.counts), **release.names}
    sentence = Sentence("deadline", params)
    return stop(release, state, now, "ProgressDeadlineExceeded", sentence, unready(seen), on_failure=on_failure)


def deadline_of(release: ReleaseSpec, state: State, now: datetime) -> datetime:
    """When the next pod has to be ready."""
    return (state.ready_rose_at or now) + timedelta(seconds=release.strategy.progress_deadline_seconds)


def next_look(state: State, found: list[Failure], deadline: datetime, now: datetime) -> datetime:
    """The first moment at which waiting longer would be wrong, at most 10 s from now."""
    due = [now + LOOK_WHILE_MOVING, deadline]
    due += [datetime.fromisoformat(state.bad_since[failure.reason]) + FAIL_AFTER for failure in found]
    return max(min(due), now)


def proof_of(failure: Failure, release: ReleaseSpec) -> Json:
    """A failure as parameters of its sentence."""
    return {**failure.to_json(), **release.names}


def unready(seen: Seen) -> Failure | None:
    """The first pod that runs but is not ready, in the words of its own condition."""
    for pod in seen.pods:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "Ready" and condition.get("status") != "True":
                words = str(condition.get("message") or condition.get("reason") or "")
                where = "condition Ready is False"
                return Failure("ProgressDeadlineExceeded", "Pod", pod["metadata"]["name"], where, words)
    return None
