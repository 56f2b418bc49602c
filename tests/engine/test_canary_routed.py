"""A canary behind a router: the order up and down, and what other hands do meanwhile (delivery.md, Canary)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from deployments.engine.json import Json
from deployments.engine.strategies import Canary, HeaderRoute, Mirror, Pause, SetWeight, Step
from deployments.engine.workload import ORIGINALS, RELEASE
from tests.engine.model_shop import ModelShop
from tests.engine.play import Play
from tests.engine.routes import (
    as_found,
    backend,
    destination_rule,
    http_route,
    ingress,
    ref,
    rule,
    to,
    virtual_service,
)

STEPS: tuple[Step, ...] = (SetWeight(20), Pause(), SetWeight(50), Pause())
FOUND: dict[str, list[Json]] = {
    "istio": [virtual_service({"route": [to("web")], "timeout": "3s"})],
    "subsets": [virtual_service({"route": [to("web", subset="v1")]}), destination_rule({"name": "v1", "labels": {}})],
    "gateway_api": [http_route(rule(ref("web"), ref("legacy", 3)))],
    "nginx": [ingress(backend("web"))],
}


class Shop(ModelShop):
    """Gateways accept what is written as soon as the controllers have a moment."""

    def step(self) -> None:
        super().step()
        for one in self.routes.values():
            generation = one["metadata"]["generation"]
            said = [
                {"type": kind, "status": "True", "observedGeneration": generation}
                for kind in ("Accepted", "ResolvedRefs")
            ]
            one["status"] = {"parents": [{"parentRef": {"name": "edge"}, "conditions": said}]}


def canary(router: str, *steps: Step, replicas: int = 10, **asked: Any) -> Play:
    traffic = "istio" if router == "subsets" else router
    strategy = Canary(
        steps=steps or STEPS,
        traffic=traffic,
        **{"abort_scale_down_delay_seconds": 3, "route_settle_seconds": 2, **asked},
    )
    return Play(Shop(replicas, *deepcopy(FOUND[router])), strategy=strategy, kubernetes_service="web")


def until(play: Play, phase: str, *, weight: int | None = None, rounds: int = 120) -> Play:
    for _ in range(rounds):
        play.tick()
        if play.state.phase == phase and weight in (None, play.state.routing.get("actual")):
            return play
        play.roll()
    raise AssertionError(f"never {phase}: {play.state.phase} {play.state.reason} {play.state.message}")


def share(shop: ModelShop) -> int:
    """The canary's share in percent, as its route has it now."""
    for (kind, name), one in shop.routes.items():
        if kind == "VirtualService":
            return sum(
                d.get("weight", 100)
                for d in one["spec"]["http"][-1]["route"]
                if d["destination"]["host"] == "web-canary" or d["destination"].get("subset", "").endswith("-canary")
            )
        if kind == "HTTPRoute":
            weights = {r["name"]: r["weight"] for r in one["spec"]["rules"][-1]["backendRefs"] if r["name"] != "legacy"}
            return 100 * weights.get("web-canary", 0) // sum(weights.values())
        if kind == "Ingress" and name.endswith("-canary"):
            return int(one["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"])
    return 0


def assert_as_found(router: str, shop: ModelShop) -> None:
    now = {key: {k: v for k, v in as_found(one).items() if k != "status"} for key, one in shop.routes.items()}
    assert now == {(one["kind"], one["metadata"]["name"]): as_found(one) for one in FOUND[router]}
    assert set(shop.services) == {"web"}
    web = shop.services["web"]
    assert web["spec"]["selector"] == {"app": "web"}
    assert RELEASE not in web["metadata"].get("labels", {})
    assert ORIGINALS not in web["metadata"].get("annotations", {})
    assert RELEASE not in shop.deployment["metadata"]["labels"]


@pytest.mark.parametrize("router", FOUND)
def test_it_goes_up_takes_over_and_leaves_everything_as_it_was(router: str) -> None:
    play = until(canary(router), "Paused", weight=20)
    assert play.cluster.sizes() == {"1.0": 10, "2.0": 2}
    assert share(play.cluster) == 20
    play.asks["promote"] = {"by": "dev"}
    until(play, "Paused", weight=50)
    assert play.cluster.sizes() == {"1.0": 10, "2.0": 5}
    assert share(play.cluster) == 50
    play.asks["promote"] = {"by": "dev"}

    play.to_the_end(200)

    assert play.state.phase == "Succeeded"
    assert play.cluster.sizes() == {"1.0": 0, "2.0": 10}
    assert_as_found(router, play.cluster)


@pytest.mark.parametrize("router", FOUND)
def test_aborted_the_weight_goes_first_then_the_pods_then_what_is_ours(router: str) -> None:
    play = until(canary(router), "Paused", weight=20)
    play.asks["abort"] = {"by": "dev"}
    play.tick()
    assert share(play.cluster) == 0
    assert play.cluster.sizes() == {"1.0": 10, "2.0": 2}

    play.to_the_end(200)

    assert play.state.phase == "Aborted"
    assert play.cluster.image == "1.0"
    assert_as_found(router, play.cluster)


@pytest.mark.parametrize("router", ["istio", "gateway_api", "nginx"])
def test_nothing_ever_leads_from_the_stable_end_to_the_new_pods(router: str) -> None:
    play = canary(router)
    for _ in range(40):
        play.tick()
        if play.cluster.sizes().get("2.0"):
            assert play.cluster.versions_of("web") == {"1.0"}
            assert play.cluster.versions_of("web-canary") <= {"2.0"}
        play.roll()
    assert play.state.phase == "Paused"


def test_no_request_is_sent_before_the_endpoints_are_there() -> None:
    play = canary("istio")
    publish, play.cluster.publish = play.cluster.publish, lambda: None
    publish()
    for _ in range(10):
        play.tick()
        play.roll()
        assert share(play.cluster) == 0
    publish()
    play.tick()
    assert share(play.cluster) == 20


def test_a_weight_that_no_gateway_accepts_is_not_actual_and_fails_in_the_end() -> None:
    play = canary("gateway_api", progress_deadline_seconds=30)
    step = ModelShop.step
    play.cluster.step = lambda: step(play.cluster)
    seen = False
    for _ in range(20):
        play.tick()
        play.roll()
        seen = seen or share(play.cluster) == 20
        assert play.state.routing.get("actual", 0) == 0
    assert seen

    play.to_the_end(300)
    assert (play.state.phase, play.state.reason) == ("Failed", "ProgressDeadlineExceeded")
    assert set(play.cluster.services) == {"web"}


@pytest.mark.parametrize("router", ["istio", "gateway_api"])
def test_a_route_that_another_hand_puts_back_is_written_again_and_left_to_a_person_the_third_time(router: str) -> None:
    play = until(canary(router), "Paused", weight=20)
    key = next(iter(play.cluster.routes))
    for _ in range(2):
        edit(play.cluster, key, deepcopy(FOUND[router][0]["spec"]))
        play.tick()
        assert share(play.cluster) == 20

    edit(play.cluster, key, deepcopy(FOUND[router][0]["spec"]))
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Paused", "Conflict")
    assert play.state.message and play.state.message.params["manager"] == "argocd-controller"


def test_what_another_hand_changes_in_a_route_is_kept() -> None:
    play = until(canary("istio"), "Paused", weight=20)
    key = ("VirtualService", "web")
    changed = {**play.cluster.routes[key]["spec"], "hosts": ["web.example", "www.example"]}
    changed["http"] = [{**changed["http"][0], "timeout": "9s"}]
    edit(play.cluster, key, changed)
    play.asks["promote"] = {"by": "dev", "full": True}
    play.to_the_end(200)

    assert play.state.phase == "Succeeded"
    assert play.cluster.routes[key]["spec"] == {
        "hosts": ["web.example", "www.example"],
        "http": [{"route": [to("web")], "timeout": "9s"}],
    }


@pytest.mark.parametrize("router", ["istio", "subsets", "gateway_api"])
def test_a_route_that_another_release_holds_is_waited_for_before_the_first_pod(router: str) -> None:
    play = canary(router)
    route = list(play.cluster.routes.values())[-1]
    route["metadata"]["labels"] = {"slipway.dev/portal": "p1", RELEASE: "r0", "slipway.dev/epoch": "1"}
    for _ in range(5):
        play.tick()
        play.roll()
    assert play.cluster.sizes().get("2.0", 0) == 0
    assert play.state.message and play.state.message.code == "route_held"

    del route["metadata"]["labels"]
    until(play, "Paused", weight=20)


def test_a_route_that_is_deleted_stops_the_release_and_abort_still_ends() -> None:
    play = until(canary("istio"), "Paused", weight=20)
    play.cluster.routes.clear()
    play.asks["promote"] = {"by": "dev"}
    play.to_the_end(200)

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")
    assert set(play.cluster.services) == {"web"}


def test_header_routes_and_mirrors_come_and_go_with_their_steps() -> None:
    beta = HeaderRoute("beta", "X-Beta", "exact", "1")
    steps = (beta, Pause(), Mirror(10), Pause(), HeaderRoute("beta"), Mirror(0), SetWeight(10), Pause())
    play = until(canary("istio", *steps), "Paused")
    http = play.cluster.routes["VirtualService", "web"]["spec"]["http"]
    assert [one.get("name") for one in http] == ["slipway-beta", None]
    assert play.cluster.sizes()["2.0"] == 1

    play.asks["promote"] = {"by": "dev"}
    until(play, "Progressing")
    until(play, "Paused")
    http = play.cluster.routes["VirtualService", "web"]["spec"]["http"]
    assert http[-1]["mirrorPercentage"] == {"value": 10}

    play.asks["promote"] = {"by": "dev"}
    until(play, "Paused", weight=10)
    http = play.cluster.routes["VirtualService", "web"]["spec"]["http"]
    assert len(http) == 1
    assert "mirror" not in http[0]


def test_resumed_by_another_hand_it_is_unpinned_held_again_and_pinned_again() -> None:
    play = until(canary("istio"), "Paused", weight=20)
    play.cluster.resume()
    play.tick()
    assert play.cluster.deployment["spec"]["paused"]
    play.roll()
    play.tick()

    assert play.cluster.versions_of("web") == {"1.0"}


def edit(shop: ModelShop, key: tuple[str, str], spec: Json) -> None:
    shop.routes[key]["spec"] = spec
    shop.routes[key]["metadata"]["managedFields"] = [
        {"manager": "argocd-controller", "time": "2026", "fieldsV1": {"f:spec": {}}}
    ]
    shop._touch(shop.routes[key])


@pytest.mark.parametrize("hand", ["scale the old version down", "let the Deployment loose"])
def test_an_abort_is_not_put_off_by_a_hand_that_fights_over_the_pods(hand: str) -> None:
    play = until(canary("istio"), "Paused", weight=20)
    play.asks["abort"] = {"by": "dev"}
    for _ in range(200):
        if hand == "let the Deployment loose":
            play.cluster.put_back_strategy()
            play.cluster.resume()
        elif play.cluster.deployment["spec"].get("paused"):
            play.cluster.scale_set(play.state.originals["old"], 8)
        if play.tick().state.is_terminal:
            break
        play.roll()

    assert (play.state.phase, play.state.reason) == ("Aborted", "AbortedByUser")
    assert play.cluster.image == "1.0"
    assert_as_found("istio", play.cluster)
