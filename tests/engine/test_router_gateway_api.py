"""HTTPRoutes and GRPCRoutes while a canary runs (delivery.md, Routers)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.engine.json import Json
from deployments.engine.routers import Ask, gateway_api
from deployments.engine.seen import Seen
from deployments.engine.strategies import Canary, HeaderRoute, SetWeight, Sticky
from tests.engine.model_cluster import TestFailed, release
from tests.engine.routes import ENDS, as_found, http_route, ref, rule, some_write, written

BETA = HeaderRoute("beta", "X-Beta", "exact", "yes")
RELEASE = release(strategy=Canary(steps=(SetWeight(10),), traffic="gateway_api"))


def steer(route: Json, ask: Ask) -> Json:
    """The route after all that this ask wants is written."""
    write = gateway_api.steered(RELEASE, Seen(routes=(route,)), ENDS, ask)
    if write is None:
        return route
    route = written(route, write)
    assert gateway_api.steered(RELEASE, Seen(routes=(route,)), ENDS, ask) is None
    return route


def back(route: Json) -> Json:
    write = gateway_api.given_back(RELEASE, Seen(routes=(route,)), ENDS)
    return written(route, write) if write else route


def weights(one: Json) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in one["backendRefs"]}


def test_a_weight_splits_the_backend() -> None:
    route = steer(http_route(rule(ref("web"))), Ask(10))

    assert weights(route["spec"]["rules"][0]) == {"web": 90, "web-canary": 10}


def test_ratios_to_foreign_backends_are_kept_to_the_last_request() -> None:
    found = http_route(rule(ref("web", 3), ref("legacy", 1)))

    assert weights(steer(found, Ask(7))["spec"]["rules"][0]) == {"web": 279, "web-canary": 21, "legacy": 100}


def test_filters_of_the_rule_and_of_the_backend_are_kept() -> None:
    rewrite = {"type": "URLRewrite", "urlRewrite": {"hostname": "web"}}
    added = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"add": [{"name": "a", "value": "b"}]}}
    rules = steer(http_route(rule(ref("web", filters=[added]), filters=[rewrite])), Ask(10, (BETA,)))["spec"]["rules"]

    assert [one["filters"] for one in rules] == [[rewrite], [rewrite]]
    assert [one["filters"] for one in rules[1]["backendRefs"]] == [[added], [added]]


def test_a_header_route_is_a_rule_in_front() -> None:
    rules = steer(http_route(rule(ref("web"), path="/shop")), Ask(0, (BETA,)))["spec"]["rules"]

    assert rules[0]["matches"] == [
        {
            "path": {"type": "PathPrefix", "value": "/shop"},
            "headers": [{"type": "Exact", "name": "X-Beta", "value": "yes"}],
        }
    ]
    assert weights(rules[0]) == {"web-canary": 1}
    assert weights(rules[1]) == {"web": 100, "web-canary": 0}


def test_a_prefix_of_a_header_is_a_regular_expression() -> None:
    ask = Ask(0, (HeaderRoute("qa", "X-Who", "prefix", "qa.team"),))
    match = steer(http_route(rule(ref("web"))), ask)["spec"]["rules"][0]["matches"][0]

    assert match["headers"] == [{"type": "RegularExpression", "name": "X-Who", "value": r"^qa\.team.*"}]


def test_requests_are_mirrored_beside_a_mirror_that_was_there() -> None:
    shadow = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shadow", "port": 80}}}
    filters = steer(http_route(rule(ref("web"), filters=[shadow])), Ask(mirror=20))["spec"]["rules"][0]["filters"]

    backend = {"group": "", "kind": "Service", "name": "web-canary", "port": 80}
    assert filters == [shadow, {"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": 20}}]


def test_a_grpc_route_without_matches_gets_a_header_match_alone() -> None:
    route = {**http_route({"backendRefs": [ref("web")]}), "kind": "GRPCRoute"}

    rules = steer(route, Ask(5, (BETA,)))["spec"]["rules"]

    assert rules[0]["matches"] == [{"headers": [{"type": "Exact", "name": "X-Beta", "value": "yes"}]}]


def parent(generation: int, accepted: str = "True", resolved: str = "True", name: str = "edge") -> Json:
    conditions = [("Accepted", accepted), ("ResolvedRefs", resolved)]
    return {
        "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name},
        "conditions": [{"type": kind, "status": said, "observedGeneration": generation} for kind, said in conditions],
    }


def test_a_route_is_accepted_once_every_parent_says_so_of_this_generation() -> None:
    route = steer(http_route(rule(ref("web"))), Ask(10))
    route["spec"]["parentRefs"].append({"name": "inner"})

    def accepted(*parents: Json) -> bool:
        route["status"] = {"parents": list(parents)}
        return gateway_api.accepted(RELEASE, Seen(routes=(route,)), ENDS)

    inner = parent(2, name="inner")
    assert not accepted()
    assert not accepted(parent(2))
    assert not accepted(parent(1), inner)
    assert not accepted(parent(2, resolved="False"), inner)
    assert accepted(parent(2), inner)


def test_what_would_not_fit_is_refused_at_the_plan() -> None:
    full = http_route(*[rule(ref("web"), path=f"/{number}") for number in range(9)])
    heavy = http_route(rule(ref("web", 20_000), ref("legacy", 1)))
    headed = replace(RELEASE, strategy=Canary(steps=(BETA, SetWeight(10)), traffic="gateway_api"))

    def codes(spec: Any, *routes: Json) -> list[str]:
        return [one.code for one in gateway_api.obstacles(spec, Seen(routes=routes), ENDS)]

    assert codes(RELEASE, full) == []
    assert codes(headed, full) == ["too_many_rules"]
    assert codes(RELEASE, heavy) == ["weights_too_large"]
    assert codes(RELEASE, http_route(rule(ref("cart")))) == ["no_route"]


def test_weights_of_another_hand_are_the_original_now() -> None:
    route = steer(http_route(rule(ref("web")), rule(ref("cart"), path="/cart")), Ask(10))
    route["spec"]["rules"][0]["timeouts"] = {"request": "5s"}

    assert gateway_api.edited_by_other(RELEASE, Seen(routes=(route,)), ENDS) is route
    assert back(route)["spec"]["rules"] == [
        rule(ref("web", 100), timeouts={"request": "5s"}),
        rule(ref("cart"), path="/cart"),
    ]


@some.composite
def rules(draw: some.DrawFn) -> Json:
    names = draw(some.lists(some.sampled_from(["web", "legacy", "cart"]), min_size=1, max_size=3, unique=True))
    refs = [ref(name, draw(some.integers(0, 1000))) for name in names]
    one = rule(*refs, path=draw(some.sampled_from(["/", "/a"])))
    if draw(some.booleans()):
        one["filters"] = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}]
    return one


asks = some.builds(
    Ask,
    weight=some.integers(0, 100),
    headers=some.sampled_from([(), (BETA,)]),
    mirror=some.sampled_from([0, 20]),
    sticky=some.sampled_from([None, Sticky("v", 60)]),
)


@given(some.lists(rules(), min_size=1, max_size=3), some.lists(asks, min_size=1, max_size=3))
def test_whatever_is_asked_ratios_stay_exact_and_the_way_back_is_exact(found: list[Json], wishes: list[Ask]) -> None:
    route = before = http_route(*found)
    for ask in wishes:
        route = steer(route, ask)
        assert gateway_api.edited_by_other(RELEASE, Seen(routes=(route,)), ENDS) is None
    is_held = route is not before
    weighted = [one for one in route["spec"]["rules"] if "headers" not in one["matches"][0]]
    for one, was in zip(weighted, found, strict=True):
        if "web" in weights(was) and is_held:
            total, before_total = sum(weights(one).values()), sum(weights(was).values())
            assert total == before_total * 100
            for name, weight in weights(was).items():
                share = {"web": 100 - wishes[-1].weight}.get(name, 100)
                assert total == 0 or Fraction(weights(one)[name], total) == Fraction(weight * share, before_total * 100)
        else:
            assert one == was
    assert as_found(back(route)) == as_found(before)


def test_a_late_write_of_an_older_epoch_fails() -> None:
    found = http_route(rule(ref("web")))
    route = steer(found, Ask(10))
    late = some_write(gateway_api.steered(RELEASE, Seen(routes=(route,)), ENDS, Ask(50)))
    newer = replace(RELEASE, epoch=2)
    route = written(route, some_write(gateway_api.steered(newer, Seen(routes=(route,)), ENDS, Ask(20))))

    with pytest.raises(TestFailed, match="epoch"):
        written(route, late)
