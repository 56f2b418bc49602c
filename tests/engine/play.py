"""Playing a release against the model cluster, tick by tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deployments.engine.decide import decide
from deployments.engine.decision import Decision, Said, State, Write
from deployments.engine.json import Json
from deployments.engine.outcome import Outcome, after_write
from deployments.engine.patches import fingerprint
from deployments.engine.seen import Check, Seen
from deployments.engine.spec import ReleaseSpec
from tests.engine.model_cluster import NOW, ModelCluster, TestFailed, release
from tests.engine.model_workload import ModelWorkload

PASSED = (Check("template", "passed"), Check("pod", "passed"))


class Play:
    """A release, its stored state, its asks and the cluster; the parts of `deployments.tick` without its row."""

    def __init__(self, cluster: ModelCluster | ModelWorkload | None = None, **asked: Any) -> None:
        self.cluster: Any = cluster or ModelCluster()
        self.release: ReleaseSpec = release(**asked)
        self.state = State()
        self.asks: Json = {}
        self.now: datetime = NOW
        self.said: list[Said] = []
        self.in_flight: list[Write] = []
        self.writes = 0
        self.predecessor_ended = True

    def look(self, **changes: Any) -> Seen:
        return self.cluster.seen(predecessor_ended=self.predecessor_ended, checks=PASSED, **changes)

    def decide(self, **changes: Any) -> Decision:
        """One decision, saved as a tick saves it."""
        decision = decide(self.release, self.state.but(asks=dict(self.asks)), self.look(**changes), self.now)
        self.state = State.from_json(decision.state.to_json())
        self.said += decision.said
        for name in decision.consumed:
            self.asks.pop(name, None)
        return decision

    def tick(self, fate: str = "") -> Decision:
        """Decide until there is nothing more to do at once. `fate` is what becomes of the first write:

        crash: the process dies after saving; lost: no answer comes. Either may still reach the cluster at any time
        (`deliver`). unsent: the cluster is too busy to take it. forbidden: the cluster refuses it.
        """
        for _ in range(40):
            decision = self.decide()
            for write in decision.writes:
                if fate:
                    self._fail(write, fate)
                    return decision
                self._write(write)
            # A write is followed by its own watch event, which wakes the release.
            if not decision.again and not decision.writes:
                return decision
        raise AssertionError("the release never came to rest")

    def deliver(self) -> None:
        """A write of a tick that is long dead arrives."""
        late, self.in_flight = self.in_flight, []
        for write in late:
            try:
                self.cluster.write(write)
            except TestFailed:
                continue

    def roll(self, seconds: float = 1.0) -> None:
        """The controller makes one move, and time goes on."""
        self.cluster.step()
        self.now += timedelta(seconds=seconds)

    def to_the_end(self, rounds: int = 60) -> State:
        for _ in range(rounds):
            if self.tick().state.is_terminal:
                break
            self.roll()
        return self.state

    def _fail(self, write: Write, fate: str) -> None:
        if fate in ("crash", "lost"):
            self.in_flight.append(write)
        if fate == "crash":
            self.release = replace(self.release, epoch=self.release.epoch + 1)
        elif fate == "forbidden":
            self._hear(write, Outcome("refused", refused=refusal(write, "deployments.apps is forbidden")))
        else:
            self._hear(write, Outcome("ambiguous" if fate == "lost" else "unsent"))

    def _write(self, write: Write) -> None:
        self.writes += 1
        try:
            obj = self.cluster.write(write)
        except TestFailed as error:
            self._hear(write, Outcome("refused", refused=refusal(write, str(error), status=422, moved=True)))
            return
        self._hear(write, Outcome("done", obj=obj))

    def _hear(self, write: Write, outcome: Outcome) -> None:
        """What the answer to a write leaves behind, as a tick saves it."""
        self.state = State.from_json(after_write(self.state, write, outcome, self.now).to_json())
        if outcome.kind == "ambiguous":
            self.release = replace(self.release, epoch=self.release.epoch + 1)


def refusal(write: Write, words: str, *, status: int = 403, moved: bool = False) -> Json:
    """The cluster's no to a write."""
    return {"fingerprint": fingerprint(write), "status": status, "message": words, "moved": moved}
