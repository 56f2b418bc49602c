"""What came of one write, and what the release knows once it has heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployments.engine.decision import State, Write
from deployments.engine.json import Json


@dataclass(frozen=True)
class Outcome:
    """What came of a write. `kind`: done; refused (with the answer); unsent (certainly not carried out, ask again
    later); ambiguous (nobody knows)."""

    kind: str
    obj: Json | None = None
    refused: Json | None = None
    words: str = ""


def after_write(state: State, write: Write, outcome: Outcome, now: datetime) -> State:
    """The state once the answer to a write is known.

    A clear yes confirms it, a clear no leaves nothing on its way. A write that never left says nothing of an older one
    that may still be on its way, so it settles nothing, no more than an answer that never came. Nor does the answer to
    a stamp: the older write is to be feared until every object is seen to carry the new epoch.
    """
    if outcome.kind in ("unsent", "ambiguous"):
        return state.but(unanswered=state.unanswered or {"since": now.isoformat(), "words": outcome.words})
    state = state.but(unconfirmed=state.unconfirmed if write.why == "stamp" else None, unanswered=None)
    if outcome.kind == "refused":
        return state.but(refused={**(outcome.refused or {}), "at": now.isoformat()})
    written = dict(state.written)
    if write.verb == "delete":
        written.pop(write.key, None)
    elif outcome.obj is not None:
        version = int(outcome.obj["metadata"]["resourceVersion"])
        written[write.key] = {"resource_version": version, "at": now.isoformat()}
    return state.but(refused=None, written=written)
