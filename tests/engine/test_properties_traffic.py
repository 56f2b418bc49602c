"""Whatever the order of ticks, crashes, late writes, people, foreign hands, HPA and jumps of time, traffic stays right:
the Service is never led to nobody, and in the end every Service and route is as it was found."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.strategies import BlueGreen, Canary, HeaderRoute, Pause, SetWeight, Strategy
from deployments.engine.workload import ORIGINALS, claim_of
from tests.engine.model_shop import ModelShop
from tests.engine.routes import as_found, to, virtual_service
from tests.engine.test_properties_canary import TAKEN_AWAY, AnyOrder, WatchedPlay
from tests.engine.thoroughness import thorough

ROUTES = [virtual_service({"route": [to("web", 70), to("legacy", 30)], "timeout": "3s"})]
WAITS = {"progress_deadline_seconds": 60, "abort_scale_down_delay_seconds": 5}
STRATEGIES: tuple[Strategy, ...] = (
    BlueGreen(scale_down_delay_seconds=10, **WAITS),
    BlueGreen(preview_replicas=1, auto_promote_seconds=20, scale_down_delay_seconds=0, **WAITS),
    BlueGreen(auto_abort_seconds=60, on_failure="pause", **WAITS),
    Canary((SetWeight(20), Pause(10), SetWeight(60), Pause()), "istio", route_settle_seconds=1, **WAITS),
    Canary((HeaderRoute("b", "X-B", "exact", "1"), SetWeight(50), Pause()), "istio", on_failure="pause", **WAITS),
)


class ServedPlay(WatchedPlay):
    """A play in which no write to a Service may leave it with nobody to serve."""

    def _write(self, write: Write) -> None:
        before = len(self.cluster.serving("web"))
        if write.kind in ("Deployment", "ReplicaSet"):
            # The numbers of pods are held to their bounds in the canary's own test.
            super(WatchedPlay, self)._write(write)
        else:
            super()._write(write)
        assert self.cluster.serving("web") or not before, write


class TrafficInAnyOrder(AnyOrder):
    """One blue-green release or routed canary; the rules are those of a canary, and hands on Services and routes."""

    @initialize(
        replicas=st.sampled_from([1, 2, 3, 5]),
        bounds=st.sampled_from([(1, 0), (0, 1), (2, 2)]),
        strategy=st.sampled_from(STRATEGIES),
        broken=st.sampled_from(["", "", "2.0"]),
    )
    def begin(self, replicas: int, bounds: tuple[int, int], strategy: Strategy, broken: str) -> None:  # type: ignore[override]
        surge, unavailable = bounds
        cluster = ModelShop(replicas, *deepcopy(ROUTES), max_surge=surge, max_unavailable=unavailable)
        self.play = ServedPlay(cluster, strategy=strategy, kubernetes_service="web")
        self.play.surge, self.play.unavailable = surge, unavailable
        self.strategy = dict(cluster.deployment["spec"]["strategy"])
        self.ended = None
        self.touched_by_others = 0
        self.was_at_zero = False
        if broken:
            cluster.broken_images.add(f"registry.example/web:{broken}")

    @rule()
    def slices_follow(self) -> None:
        self.play.cluster.publish()

    @rule(replicas=st.sampled_from([0, 1, 2, 4]))
    def autoscaler_scales(self, replicas: int) -> None:
        self.was_at_zero = self.was_at_zero or not replicas
        self.play.cluster.scale(replicas)

    @precondition(lambda self: self.touched_by_others < 4)
    @rule(hand=st.sampled_from(["unpin", "weights", "selector"]))
    def a_hand_on_the_traffic(self, hand: str) -> None:
        self.touched_by_others += 1
        shop = self.play.cluster
        if hand == "unpin":
            shop.edit("web", selector={"app": "web"})
        elif hand == "selector":
            shop.edit("web", selector={**shop.services["web"]["spec"]["selector"], "app": "web"})
        else:
            shop.routes["VirtualService", "web"]["spec"] = deepcopy(ROUTES[0]["spec"])
            shop._wrote(shop.routes["VirtualService", "web"], "argocd-controller")

    @invariant()
    def somebody_serves(self) -> None:
        if not hasattr(self, "play") or self.touched_by_others or self.was_at_zero or not self._began_well():
            return
        assert self.play.cluster.serving("web"), (self.play.state, self.play.cluster.services["web"])

    def _began_well(self) -> bool:
        return bool((self.play.state.originals or {}).get("ready")) and not self.play.state.place.get("rolling")

    @invariant()
    def an_ended_release_has_left_nothing_in_the_way_of_traffic(self) -> None:
        if self.ended is None or self.ended.reason in TAKEN_AWAY:
            return
        shop = self.play.cluster
        # One that is made after the end of its release is swept by its claim.
        left: list[Json] = [one for name, one in shop.services.items() if name != "web"]
        assert all(claim_of(one).portal for one in left)
        web = shop.services["web"]
        assert web["spec"]["selector"] == {"app": "web"}
        assert not claim_of(web).portal
        assert ORIGINALS not in (web["metadata"].get("annotations") or {})
        route = {**as_found(shop.routes["VirtualService", "web"])}
        route["metadata"].pop("managedFields", None)
        assert route == as_found(ROUTES[0])


TrafficInAnyOrder.TestCase.settings = thorough(60, steps=25)
TestTrafficInAnyOrder = TrafficInAnyOrder.TestCase
