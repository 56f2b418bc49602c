"""Whatever the order of ticks, crashes, late writes, people, other hands and jumps of time, a canary stays right."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deployments.engine.decision import State, Write
from deployments.engine.in_place_patches import DESIRED
from deployments.engine.strategies import Canary, Pause, SetWeight
from deployments.engine.workload import ORIGINALS, claim_of
from tests.engine.model_workload import ModelWorkload
from tests.engine.play import Play
from tests.engine.thoroughness import thorough

TERMINAL = ("Succeeded", "Failed", "Aborted", "Superseded")
# The cluster no longer took our writes, or another hand has taken the Deployment: what is left is theirs.
TAKEN_AWAY = ("AdmissionDenied", "Conflict", "Forbidden")
STEPS = (
    (SetWeight(20), Pause(60), SetWeight(50), Pause()),
    (SetWeight(1), Pause(5), SetWeight(100)),
    (SetWeight(75),),
)


class WatchedPlay(Play):
    """A play in which every size that a release asks for is held to the bounds of delivery.md, Canary."""

    surge, unavailable = 0, 0

    def _write(self, write: Write) -> None:
        if write.kind != "ReplicaSet" or write.verb != "patch":
            super()._write(write)
            return
        before, wanted = self._pods(), self.cluster.deployment["spec"]["replicas"]
        super()._write(write)
        after = self._pods()
        least = min(wanted - self.unavailable, (self.state.originals or {}).get("ready", 0))
        assert after["ready"] >= min(least, before["ready"]), (before, after, least, write)
        assert after["pods"] <= max(wanted + self.surge, before["pods"]), (before, after, wanted, write)

    def _pods(self) -> dict[str, int]:
        """Ready pods that stay, and pods that there will be, at the sizes that are asked for."""
        ready = pods = 0
        for name, one in self.cluster.sets.items():
            size, there = one["spec"]["replicas"], self.cluster.pods[name]
            ready += min(size, sum(there))
            pods += max(size, len(there))
        return {"ready": ready, "pods": pods}


class AnyOrder(RuleBasedStateMachine):
    """One canary on one workload; every rule is something that can happen at any moment."""

    play: WatchedPlay
    ended: State | None
    scaled_while_free = False

    @initialize(
        replicas=st.sampled_from([1, 2, 3, 5, 10]),
        bounds=st.sampled_from([(1, 0), (0, 1), (2, 2), (10, 0)]),
        steps=st.sampled_from(STEPS),
        on_failure=st.sampled_from(["abort", "pause"]),
        broken=st.sampled_from(["", "", "", "2.0", "1.0"]),
        history=st.sampled_from([10, 10, 0]),
    )
    def begin(
        self,
        replicas: int,
        bounds: tuple[int, int],
        steps: tuple[object, ...],
        on_failure: str,
        broken: str,
        history: int,
    ) -> None:
        surge, unavailable = bounds
        cluster = ModelWorkload(replicas, max_surge=surge, max_unavailable=unavailable)
        cluster.history_limit = history
        strategy = Canary(steps=steps, on_failure=on_failure, progress_deadline_seconds=60)  # type: ignore[arg-type]
        self.play = WatchedPlay(cluster, strategy=strategy)
        self.play.surge, self.play.unavailable = surge, unavailable
        self.strategy = dict(cluster.deployment["spec"]["strategy"])
        self.ended = None
        self.touched_by_others = 0
        if broken:
            cluster.broken_images.add(f"registry.example/web:{broken}")
            for name, one in cluster.sets.items():
                if broken == "1.0" and one["spec"]["replicas"]:
                    cluster.pods[name] = [False] * replicas
            cluster.sync()

    @rule()
    def tick(self) -> None:
        self.play.tick()

    @rule()
    def tick_and_let_it_happen(self) -> None:
        for _ in range(6):
            self.play.tick()
            self.play.roll(1)

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
    def time_passes(self, seconds: int) -> None:
        self.play.roll(seconds)

    @rule()
    def deployment_controller_looks(self) -> None:
        self.play.cluster.sync()

    @rule(ready=st.integers(0, 3))
    def replica_set_controller_looks(self, ready: int) -> None:
        self.play.cluster.make_pods()
        self.play.cluster.ready(ready)

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
    @rule(ask=st.sampled_from(["abort", "supersede", "retry", "promote", "promote", "full", "pause", "resume"]))
    def person_asks(self, ask: str) -> None:
        name, more = ("promote", {"full": True}) if ask == "full" else (ask, {})
        self.play.asks[name] = {"by": "dev", **more}

    @rule(replicas=st.sampled_from([0, 1, 2, 4, 8]))
    def autoscaler_scales(self, replicas: int) -> None:
        self.play.cluster.scale(replicas)

    @precondition(lambda self: self.touched_by_others < 4)
    @rule(hand=st.sampled_from(["set_image", "put_back_strategy", "resume", "scale_set", "lose_pod", "both"]))
    def another_hand(self, hand: str) -> None:
        self.touched_by_others += 1
        cluster = self.play.cluster
        names = sorted(cluster.sets)
        if hand == "set_image":
            cluster.set_image("1.0")
        elif hand == "put_back_strategy":
            cluster.put_back_strategy()
        elif hand == "resume":
            cluster.resume()
        elif hand == "both":
            cluster.put_back_strategy()
            cluster.resume()
        elif names and hand == "scale_set":
            # While nothing is held, the controller itself leaves its number as it was, and stands still before it.
            self.scaled_while_free = self.scaled_while_free or not cluster.deployment["spec"].get("paused")
            cluster.scale_set(names[-1], 1)
        elif names:
            cluster.lose_pod(names[0])

    @invariant()
    def terminal_is_terminal(self) -> None:
        state = self.play.state
        if self.ended is None and state.is_terminal:
            self.ended = state
        assert self.ended is None or self.ended == state

    @invariant()
    def an_ended_release_has_left_nothing(self) -> None:
        if self.ended is None or self.ended.reason in TAKEN_AWAY:
            return
        cluster = self.play.cluster
        deployment = cluster.deployment
        assert not claim_of(deployment).portal
        assert ORIGINALS not in (deployment["metadata"].get("annotations") or {})
        assert not deployment["spec"].get("paused")
        if not self.touched_by_others:
            assert deployment["spec"]["strategy"] == self.strategy
        for one in cluster.sets.values():
            # A ReplicaSet that is made after the end of its release is empty, and swept by its claim.
            assert not claim_of(one).portal or not one["spec"]["replicas"]
            assert ORIGINALS not in (one["metadata"].get("annotations") or {})

    @invariant()
    def the_outcome_is_what_runs(self) -> None:
        if self.ended is None or self.touched_by_others or self.ended.reason in TAKEN_AWAY:
            return
        if self.ended.phase == "Succeeded":
            assert self.play.cluster.image == "2.0"
        else:
            assert self.play.cluster.image == "1.0"

    @invariant()
    def steps_are_told_in_order(self) -> None:
        if not hasattr(self, "play"):
            return
        open_step = None
        for said in self.play.said:
            if said.kind == "step.started":
                assert open_step is None or said.data["step"] == 0
                open_step = said.data["step"]
            elif said.kind == "step.finished":
                assert open_step == said.data["step"] or self.play.state.place.get("rolling")
                open_step = None

    def teardown(self) -> None:
        """Left alone, with time, wanted pods and people who answer, every release ends, and the next one rolls."""
        if not hasattr(self, "play"):
            return
        play, cluster = self.play, self.play.cluster
        for turn in range(300):
            if play.tick().state.is_terminal:
                break
            if play.state.phase == "Paused":
                wish = "abort" if play.state.reason or turn > 150 else "resume" if play.state.held else "promote"
                play.asks[wish] = {"by": "dev"}
                if not cluster.deployment["spec"]["replicas"]:
                    cluster.scale(2)
            play.roll(30)
        assert play.state.phase in TERMINAL, (play.state, cluster.deployment, cluster.sets)
        play.deliver()
        self.terminal_is_terminal()
        self.an_ended_release_has_left_nothing()
        self.the_outcome_is_what_runs()
        if play.state.reason not in TAKEN_AWAY and not self.scaled_while_free:
            self._a_later_rollout_rolls()

    def _a_later_rollout_rolls(self) -> None:
        cluster = self.play.cluster
        cluster.settle()
        wanted = cluster.deployment["spec"]["replicas"]
        for one in cluster.sets.values():
            annotations = one["metadata"].get("annotations") or {}
            assert not one["spec"]["replicas"] or annotations.get(DESIRED) in (None, str(wanted))
        cluster.broken_images.clear()
        cluster.set_image("3.0")
        cluster.settle()
        assert {version: size for version, size in cluster.sizes().items() if size} == (
            {"3.0": wanted} if wanted else {}
        )


AnyOrder.TestCase.settings = thorough(40, steps=25)
TestAnyOrder = AnyOrder.TestCase
