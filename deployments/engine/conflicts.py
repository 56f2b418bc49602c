"""What other hands do to Services and routes while a release holds them: undone, but never fought over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deployments.engine.answers import act
from deployments.engine.decision import Decision, Said, Sentence, State, Write
from deployments.engine.foreign_hands import is_fight, last_writer, note_undone
from deployments.engine.json import Json
from deployments.engine.phases import stop
from deployments.engine.spec import ReleaseSpec

# What is owed is done all the same: giving traffic back is not put off for anybody.
OWED = ("TakingOver", "Finishing", "Aborting")


def undo_or_pause(release: ReleaseSpec, state: State, now: datetime, obj: Json, write: Write, params: Json) -> Decision:
    """Another hand has changed an object that the release holds: it is written again. After two undone writes of the
    same manager within five minutes a person decides."""
    manager = last_writer(obj)
    params = {**params, "manager": manager, **release.names}
    if state.refused or state.phase in OWED:
        return act(state, write, release, now)
    if is_fight(state, manager, now):
        return stop(release, state, now, "Conflict", Sentence("object_conflict", params), on_failure="pause")
    said = Said("conflict.undone", Sentence("object_written_again", params), {"manager": manager})
    return act(note_undone(state, manager, now), write, release, now, said)


def fail(release: ReleaseSpec, state: State, now: datetime, reason: str, code: str, **params: Any) -> Decision:
    """The step can't be done: go back or wait for a person, as `on_failure` says."""
    return stop(release, state, now, reason, Sentence(code, {**params, **release.names}))
