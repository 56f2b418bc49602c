"""What other hands do to Services and routes, and what cannot go on: undone, paused for a person, or failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from deployments.engine.answers import act, look_again
from deployments.engine.borrowed import last_writer
from deployments.engine.decision import Decision, Said, Sentence, State, Write
from deployments.engine.json import Json
from deployments.engine.spec import ReleaseSpec

UNDO_WINDOW = timedelta(minutes=5)
MOST_UNDONE = 2
OWED = ("TakingOver", "Finishing", "Aborting")


def undo_or_pause(release: ReleaseSpec, state: State, now: datetime, obj: Json, write: Write, params: Json) -> Decision:
    """Another hand has changed an object that the release holds. It is written again, but never fought over: after two
    undone writes of the same manager within five minutes a person decides. What is owed is written all the same."""
    manager = last_writer(obj, "f:spec")
    params = {**params, "manager": manager, **release.names}
    if state.refused or state.phase in OWED:
        return act(state, write, release, now)
    recent = [one for one in state.undone if now - datetime.fromisoformat(one["at"]) < UNDO_WINDOW]
    if sum(one["manager"] == manager for one in recent) >= MOST_UNDONE:
        return pause(state, now, "Conflict", Sentence("object_conflict", params))
    undone = (*recent, {"at": now.isoformat(), "manager": manager})
    said = Said("conflict.undone", Sentence("object_written_again", params), {"manager": manager})
    return act(state.but(undone=undone), write, release, now, said)


def fail(release: ReleaseSpec, state: State, now: datetime, reason: str, code: str, **params: Any) -> Decision:
    """The step can't be done: go back or wait for a person, as `on_failure` says."""
    sentence = Sentence(code, {**params, **release.names})
    if release.strategy.on_failure == "pause":
        return pause(state, now, reason, sentence)
    going_back = state.but(
        phase="Aborting",
        outcome="Failed",
        reason=reason,
        message=sentence,
        step_started_at=now,
        ready_high=-1,
        ready_rose_at=now,
        refused=None,
        tries=0,
    )
    return look_again(going_back, now, Said("step.failed", sentence, {"step": state.step, "reason": reason}))


def pause(state: State, now: datetime, reason: str, sentence: Sentence) -> Decision:
    """Hold for a person, who retries or aborts."""
    held = state.but(
        phase="Paused",
        reason=reason,
        message=sentence,
        held={"by": "", "phase": state.phase},
        refused=None,
        tries=0,
    )
    return look_again(held, now, Said("release.pause", sentence, {"reason": reason, "step": state.step}))
