"""Whatever the order of ticks, crashes, late writes, people, foreign hands and jumps of time, a release stays right."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deployments.engine.decision import State
from deployments.engine.strategies import RollingUpdate
from deployments.engine.workload import HELD, PORTAL, claim_of
from tests.engine.model_cluster import ModelCluster
from tests.engine.play import Play
from tests.engine.thoroughness import thorough

TERMINAL = ("Succeeded", "Failed", "Aborted", "Superseded")


class AnyOrder(RuleBasedStateMachine):
    """One release on one workload; every rule is something that can happen at any moment."""

    play: Play
    ended: State | None

    @initialize(
        replicas=st.integers(0, 4),
        on_failure=st.sampled_from(["abort", "pause"]),
        surge=st.sampled_from([None, 1]),
        broken=st.booleans(),
    )
    def begin(self, replicas: int, on_failure: str, surge: int | None, broken: bool) -> None:
        strategy = RollingUpdate(on_failure=on_failure, max_surge=surge, progress_deadline_seconds=60)
        self.play = Play(ModelCluster(replicas), strategy=strategy)
        self.strategy = dict(self.play.cluster.deployment["spec"]["strategy"])
        self.ended = None
        self.touched_by_others = False
        if broken:
            self.play.cluster.broken_images.add("registry.example/web:2.0")

    @rule()
    def tick(self) -> None:
        self.play.tick()

    @rule()
    def crash_between_saving_and_writing(self) -> None:
        self.play.tick("crash")

    @rule()
    def answer_is_lost(self) -> None:
        self.play.tick("lost")

    @rule()
    def cluster_is_too_busy(self) -> None:
        self.play.tick("unsent")

    @precondition(lambda self: self.play.state.phase in ("Finishing", "Aborting"))
    @rule()
    def rights_are_gone_for_a_moment(self) -> None:
        self.play.tick("forbidden")

    @rule()
    def late_write_arrives(self) -> None:
        self.play.deliver()

    @rule(seconds=st.sampled_from([0, 1, 25, 90]))
    def controller_moves(self, seconds: int) -> None:
        self.play.roll(seconds)

    @rule(seconds=st.sampled_from([-5, 5, 100]))
    def time_jumps(self, seconds: int) -> None:
        self.play.now += timedelta(seconds=seconds)

    @rule()
    def watcher_lags(self) -> None:
        self.play.decide(live=False, fresh=False)

    @rule()
    def cluster_is_silent(self) -> None:
        self.play.decide(unreachable="time-out")

    @precondition(lambda self: not self.play.state.is_terminal)
    @rule(ask=st.sampled_from(["abort", "supersede", "retry", "pause", "resume"]))
    def person_asks(self, ask: str) -> None:
        self.play.asks[ask] = {"by": "dev"}

    @precondition(lambda self: not self.touched_by_others)
    @rule(version=st.sampled_from(["1.0", "1.5"]))
    def another_hand_writes(self, version: str) -> None:
        self.touched_by_others = True
        self.play.cluster.set_image(version)

    @invariant()
    def terminal_is_terminal(self) -> None:
        state = self.play.state
        if self.ended is None and state.is_terminal:
            self.ended = state
        assert self.ended is None or self.ended == state

    @invariant()
    def an_ended_release_has_left_nothing(self) -> None:
        if self.ended is None:
            return
        deployment = self.play.cluster.deployment
        if claim_of(deployment).portal:
            assert self.ended.reason in ("AdmissionDenied", "Conflict", "Forbidden")
        else:
            assert not deployment["metadata"].get("annotations")
            assert deployment["spec"]["strategy"] == self.strategy
            assert not deployment["spec"].get("paused")
            assert HELD not in deployment["metadata"]["labels"]

    @invariant()
    def the_outcome_is_what_runs(self) -> None:
        if self.ended is None or self.touched_by_others:
            return
        image = self.play.cluster.image
        if self.ended.reason in ("AdmissionDenied", "Conflict", "Forbidden"):
            # The cluster no longer took our writes: what runs is what the last one that it took has made of it.
            return
        if self.ended.phase == "Succeeded":
            assert image == "2.0"
        if self.ended.phase in ("Failed", "Aborted"):
            assert image == "1.0"

    def teardown(self) -> None:
        """Left alone, with time and a controller that works, every release ends."""
        if not hasattr(self, "play"):
            return
        for _ in range(200):
            if self.play.tick().state.is_terminal:
                break
            if self.play.state.phase == "Paused":
                self.play.asks["abort"] = {"by": "dev"}
            self.play.roll(30)
        assert self.play.state.phase in TERMINAL
        self.play.deliver()
        self.terminal_is_terminal()
        self.an_ended_release_has_left_nothing()
        self.the_outcome_is_what_runs()
        assert PORTAL not in self.play.cluster.deployment["metadata"]["labels"] or self.ended is not None


AnyOrder.TestCase.settings = thorough(150, steps=30)
TestAnyOrder = AnyOrder.TestCase
