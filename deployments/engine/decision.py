"""What `decide` answers: the next state, the sentences for the timeline, and what to do to the cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

from deployments.engine.json import Json


@dataclass(frozen=True)
class Sentence:
    """A sentence by its code and parameters; `deployments.sentences` has the words, so that they can be translated."""

    code: str
    params: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        return {"code": self.code, "params": self.params}


@dataclass(frozen=True)
class Said:
    """One line of the timeline."""

    kind: str
    sentence: Sentence
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Write:
    """One thing to do to one object of the target's namespace.

    `kind` as in manifests; `name` empty means the Deployment itself. `verb`: patch (JSON patch `ops`), create or apply
    (`body`), delete (only the object of that `uid`).
    """

    why: str
    ops: tuple[Json, ...] = ()
    kind: str = "Deployment"
    name: str = ""
    verb: str = "patch"
    body: Json | None = None
    uid: str = ""

    @property
    def key(self) -> str:
        """The object by kind and name, as `State.written` names it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Measure:
    """Ask for one measurement of one analysis template. `run` is the step's or the background's run of it; asking again
    for the same (run, template, number) is harmless: it is measured once."""

    run: str
    template: str
    number: int


@dataclass(frozen=True)
class AskApproval:
    """Ask people for their voices. `gate` names the place once per release: "start", "step-3". `rules` are all needed:
    [{team, count}]; team "" is the team that owns the service."""

    gate: str
    rules: tuple[Json, ...]
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Counts:
    """Pods of the new and the old ReplicaSets, and how many are wanted."""

    desired: int = 0
    new: int = 0
    new_ready: int = 0
    old: int = 0
    old_ready: int = 0


@dataclass(frozen=True)
class State:
    """Where a release stands. Stored as JSON in its row before anything is done about it.

    unconfirmed: a write that was decided and not seen to have landed: {why, epoch}.
    written: our last acknowledged write of each object, by `Write.key`: {key: {resource_version, at}}.
    refused: the cluster's answer to our last write: {fingerprint, status, message, moved}; moved: a test failed.
    unanswered: since when no write of ours was either taken or refused: {since, words}.
    step: the index of the strategy's step that is under way, and `step_started_at` since when; step_done: what of it is
    already so and is not asked for again ({} when it begins).
    weight: the share in percent that the last set_weight asked for; weight_since: since when it has been actual.
    full: promote full was asked for: what is left of pauses, weights and analysis is skipped; skipped: the indices of
    the steps that it was.
    held: a person's pause: {by, phase}: the phase to go on with.
    place, routing, runs, gates: what in_place, routing, analysis and gates need to remember; each is its module's own.
    on_stable: while Aborting: all traffic is on the old version again; what is left is cleaning up.
    restored: the row came from a backup: "look" for its claim, then "stamp" the new epoch; empty once it is found.
    """

    phase: str = "Queued"
    outcome: str = ""
    reason: str = ""
    message: Sentence | None = None
    evidence: Json | None = None
    holding: bool = True
    unconfirmed: Json | None = None
    written: Json = field(default_factory=dict)
    refused: Json | None = None
    unanswered: Json | None = None
    started_at: datetime | None = None
    step_started_at: datetime | None = None
    finished_at: datetime | None = None
    ready_high: int = -1
    ready_rose_at: datetime | None = None
    blind_since: datetime | None = None
    bad_since: dict[str, str] = field(default_factory=dict)
    undone: tuple[Json, ...] = ()
    originals: Json | None = None
    takes_any_template: bool = False
    tries: int = 0
    counts: Counts = field(default_factory=Counts)
    step: int = 0
    step_done: Json = field(default_factory=dict)
    weight: int = 0
    weight_since: datetime | None = None
    full: bool = False
    skipped: tuple[int, ...] = ()
    held: Json | None = None
    place: Json = field(default_factory=dict)
    routing: Json = field(default_factory=dict)
    runs: Json = field(default_factory=dict)
    gates: Json = field(default_factory=dict)
    on_stable: bool = False
    restored: str = ""
    asks: Json = field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        return self.phase in ("Succeeded", "Failed", "Aborted", "Superseded")

    def but(self, **changes: Any) -> State:
        return replace(self, **changes)

    def to_json(self) -> Json:
        """The state as stored. `asks` are people's and stay in their own column."""
        out: Json = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "asks":
                continue
            if isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, Sentence):
                value = value.to_json()
            elif isinstance(value, Counts):
                value = vars(value)
            elif isinstance(value, tuple):
                value = list(value)
            out[item.name] = value
        return out

    @classmethod
    def from_json(cls, stored: Json, asks: Json | None = None) -> Self:
        """Read a stored state; fields that a newer version added keep their defaults."""
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        for name in ("started_at", "step_started_at", "finished_at", "ready_rose_at", "blind_since", "weight_since"):
            if values.get(name):
                values[name] = datetime.fromisoformat(values[name])
        if values.get("message"):
            values["message"] = Sentence(**values["message"])
        if "counts" in values:
            values["counts"] = Counts(**values["counts"])
        for name in ("undone", "skipped"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values, asks=dict(asks or {}))


@dataclass(frozen=True)
class Decision:
    """What is next: save `state` and `said`, then do `writes`, then sleep until `wake_at` (None: ended).

    `measures` and `approvals` are asked for in the transaction of the state.

    `again` asks to look again at once, because the state moved without touching the cluster.
    `consumed` names the asks that this decision has answered. `succeeded` asks for a Revision to be recorded.
    """

    state: State
    writes: tuple[Write, ...] = ()
    said: tuple[Said, ...] = ()
    wake_at: datetime | None = None
    measures: tuple[Measure, ...] = ()
    approvals: tuple[AskApproval, ...] = ()
    again: bool = False
    consumed: tuple[str, ...] = ()
