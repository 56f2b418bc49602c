"""VirtualServices and DestinationRules while a canary runs (delivery.md, Routers)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.engine.json import Json
from deployments.engine.routers import Ask, istio
from deployments.engine.seen import Seen
from deployments.engine.strategies import Canary, HeaderRoute, Mirror, SetWeight, Sticky
from tests.engine.model_cluster import release
from tests.engine.routes import ENDS, as_found, destination_rule, some_write, to, virtual_service, written

BETA = HeaderRoute("beta", "X-Beta", "exact", "yes")
RELEASE = release(strategy=Canary(steps=(SetWeight(10),), traffic="istio"))


def steer(route: Json, ask: Ask) -> Json:
    """The route after all that this ask wants is written."""
    write = istio.steered(RELEASE, Seen(routes=(route,)), ENDS, ask)
    if write is None:
        return route
    route = written(route, write)
    assert istio.steered(RELEASE, Seen(routes=(route,)), ENDS, ask) is None
    return route


def back(route: Json) -> Json:
    write = istio.given_back(RELEASE, Seen(routes=(route,)), ENDS)
    return written(route, write) if write else route


def weights(rule: Json) -> dict[str, int]:
    return {one["destination"]["host"]: one["weight"] for one in rule["route"]}


def test_a_weight_splits_the_destination_and_the_sum_stays_100() -> None:
    route = steer(virtual_service({"route": [to("web")]}), Ask(10))

    assert weights(route["spec"]["http"][0]) == {"web": 90, "web-canary": 10}


def test_foreign_destinations_keep_theirs() -> None:
    route = steer(virtual_service({"route": [to("web", 80), to("legacy", 20)]}), Ask(25))

    assert weights(route["spec"]["http"][0]) == {"web": 60, "web-canary": 20, "legacy": 20}


@pytest.mark.parametrize(
    ("host", "canary"),
    [("web.shop", "web-canary.shop"), ("web.shop.svc.cluster.local", "web-canary.shop.svc.cluster.local")],
)
def test_a_host_is_written_in_the_length_it_had(host: str, canary: str) -> None:
    route = steer(virtual_service({"route": [to(host)]}), Ask(50))

    assert weights(route["spec"]["http"][0]) == {host: 50, canary: 50}


def test_the_same_name_in_another_namespace_is_another_service() -> None:
    seen = Seen(routes=(virtual_service({"route": [to("web.other")]}),))

    assert istio.steered(RELEASE, seen, ENDS, Ask(10)) is None
    assert [one.code for one in istio.obstacles(RELEASE, seen, ENDS)] == ["no_route"]


def test_a_header_route_stands_in_front_with_its_own_100_and_no_foreign_rule_is_shadowed() -> None:
    admin = {"match": [{"uri": {"prefix": "/admin"}}], "route": [to("admin")]}
    ours = {"match": [{"uri": {"prefix": "/"}}], "timeout": "3s", "route": [to("web")]}

    http = steer(virtual_service(admin, ours), Ask(10, (BETA,)))["spec"]["http"]

    assert http[0] == admin
    assert http[1]["match"] == [{"uri": {"prefix": "/"}, "headers": {"x-beta": {"exact": "yes"}}}]
    assert http[1]["route"] == [{"destination": {"host": "web-canary"}, "weight": 100}]
    assert http[1]["timeout"] == "3s"
    assert weights(http[2]) == {"web": 90, "web-canary": 10}


def test_requests_are_mirrored() -> None:
    rule = steer(virtual_service({"route": [to("web")]}), Ask(mirror=20))["spec"]["http"][0]

    assert rule["mirror"] == {"host": "web-canary"}
    assert rule["mirrorPercentage"] == {"value": 20}
    assert weights(rule) == {"web": 100, "web-canary": 0}


def test_tls_and_tcp_routes_are_split_as_well() -> None:
    tls = {"match": [{"sniHosts": ["web.example"]}], "route": [to("web")]}
    route = steer(virtual_service(tls=[tls], tcp=[{"route": [to("web", 100)]}]), Ask(30))

    assert weights(route["spec"]["tls"][0]) == weights(route["spec"]["tcp"][0]) == {"web": 70, "web-canary": 30}


def test_sticky_sessions_are_matched_first_for_both_versions() -> None:
    http = steer(virtual_service({"route": [to("web")]}), Ask(10, sticky=Sticky("v", 60)))["spec"]["http"]

    assert [rule["route"][0]["destination"]["host"] for rule in http[:2]] == ["web-canary", "web"]
    assert "new1" in http[0]["match"][0]["headers"]["cookie"]["regex"]
    assert "old1" in http[1]["match"][0]["headers"]["cookie"]["regex"]
    added = [one["headers"]["response"]["add"]["Set-Cookie"] for one in http[2]["route"]]
    assert [text.partition(";")[0] for text in added] == ["v=slipway.old1", "v=slipway.new1"]


def test_nobody_is_kept_with_a_version_that_gets_no_requests() -> None:
    for weight in (0, 100):
        route = steer(steer(virtual_service({"route": [to("web")]}), Ask(50)), Ask(weight, sticky=Sticky("v", 60)))
        assert len(route["spec"]["http"]) == 1


BY_SUBSET = virtual_service({"route": [to("web", 100, subset="stable"), to("web", 0, subset="other")]})
SUBSETS = destination_rule(
    {"name": "stable", "labels": {"app": "web"}, "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}}},
    {"name": "other", "labels": {"app": "other"}},
)


def test_by_subsets_the_subsets_carry_the_hashes_and_no_service_is_pinned() -> None:
    seen = Seen(routes=(BY_SUBSET, SUBSETS))
    assert not istio.pins_services(seen, ENDS)

    write = istio.pinned(RELEASE, seen, ENDS)

    assert write and write.kind == "DestinationRule"
    rule = written(SUBSETS, write)
    policy = {"loadBalancer": {"simple": "LEAST_REQUEST"}}
    assert rule["spec"]["subsets"] == [
        {"name": "stable", "labels": {"app": "web", "pod-template-hash": "old1"}, "trafficPolicy": policy},
        {"name": "stable-canary", "labels": {"app": "web", "pod-template-hash": "new1"}, "trafficPolicy": policy},
        {"name": "other", "labels": {"app": "other"}},
    ]
    assert istio.pinned(RELEASE, Seen(routes=(BY_SUBSET, rule)), ENDS) is None


def test_by_subsets_the_whole_way_there_and_back() -> None:
    routes, rule = BY_SUBSET, SUBSETS
    rule = written(rule, some_write(istio.pinned(RELEASE, Seen(routes=(routes, rule)), ENDS)))
    routes = written(routes, some_write(istio.steered(RELEASE, Seen(routes=(routes, rule)), ENDS, Ask(10))))
    subsets = {one["destination"]["subset"]: one["weight"] for one in routes["spec"]["http"][0]["route"]}
    assert subsets == {"stable": 90, "stable-canary": 10, "other": 0}

    rule = written(rule, some_write(istio.unpinned(RELEASE, Seen(routes=(routes, rule)), ENDS)))
    assert rule["spec"]["subsets"][0] == SUBSETS["spec"]["subsets"][0]
    routes = written(routes, some_write(istio.given_back(RELEASE, Seen(routes=(routes, rule)), ENDS)))
    rule = written(rule, some_write(istio.given_back(RELEASE, Seen(routes=(routes, rule)), ENDS)))

    assert istio.given_back(RELEASE, Seen(routes=(routes, rule)), ENDS) is None
    assert (as_found(routes), as_found(rule)) == (as_found(BY_SUBSET), as_found(SUBSETS))


def test_what_another_hand_adds_meanwhile_stays_and_only_ours_goes() -> None:
    route = steer(virtual_service({"route": [to("web")], "timeout": "3s"}), Ask(10, (BETA,), 5))
    route["spec"]["http"].append({"match": [{"uri": {"prefix": "/new"}}], "route": [to("new")]})
    route["spec"]["http"][1]["timeout"] = "9s"

    assert istio.edited_by_other(RELEASE, Seen(routes=(route,)), ENDS) is route
    assert back(route)["spec"]["http"] == [
        {"route": [to("web")], "timeout": "9s"},
        {"match": [{"uri": {"prefix": "/new"}}], "route": [to("new")]},
    ]


def test_weights_put_back_by_another_hand_are_seen_and_written_again() -> None:
    before = virtual_service({"route": [to("web")]})
    route = steer(before, Ask(10))
    route["spec"] = before["spec"]

    assert istio.edited_by_other(RELEASE, Seen(routes=(route,)), ENDS) is route
    assert weights(steer(route, Ask(10))["spec"]["http"][0]) == {"web": 90, "web-canary": 10}


def test_a_route_that_another_release_holds_is_not_touched() -> None:
    other = replace(RELEASE, id="r2")
    route = steer(virtual_service({"route": [to("web")]}), Ask(10))

    assert istio.steered(other, Seen(routes=(route,)), ENDS, Ask(50)) is None
    assert istio.given_back(other, Seen(routes=(route,)), ENDS) is None


def test_what_cannot_be_split_is_refused_at_the_plan() -> None:
    mirrors = replace(RELEASE, strategy=Canary(steps=(Mirror(5), SetWeight(10)), traffic="istio"))
    taken = virtual_service({"route": [to("web")], "mirror": {"host": "shadow"}})
    only_tcp = virtual_service(tcp=[{"route": [to("web")]}])
    mixed = virtual_service({"route": [to("web", subset="stable")]}, {"route": [to("web")]})

    assert [one.code for one in istio.obstacles(mirrors, Seen(routes=(taken,)), ENDS)] == ["mirror_taken"]
    assert [one.code for one in istio.obstacles(mirrors, Seen(routes=(only_tcp,)), ENDS)] == ["route_not_http"]
    assert [one.code for one in istio.obstacles(RELEASE, Seen(routes=(mixed, SUBSETS)), ENDS)] == ["subsets_mixed"]


hosts = some.sampled_from(["web", "web.shop.svc.cluster.local", "legacy", "cart", "web.other"])


@some.composite
def rules(draw: some.DrawFn) -> Json:
    """A route whose weights sum to 100, to hosts of ours and of others."""
    cuts = sorted(draw(some.lists(some.integers(0, 100), max_size=3)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
    route = [to(draw(hosts), part) for part in parts]
    if len(route) == 1 and draw(some.booleans()):
        route[0].pop("weight")
    rule: Json = {"route": route}
    if draw(some.booleans()):
        rule["match"] = [{"uri": {"prefix": draw(some.sampled_from(["/a", "/b"]))}, "headers": {"h": {"exact": "1"}}}]
    if draw(some.booleans()):
        rule["retries"] = {"attempts": 2}
    return rule


asks = some.builds(
    Ask,
    weight=some.integers(0, 100),
    headers=some.sampled_from([(), (BETA,), (BETA, HeaderRoute("qa", "X-QA", "prefix", "q"))]),
    mirror=some.sampled_from([0, 20]),
    sticky=some.sampled_from([None, Sticky("v", 60)]),
)


@given(some.lists(rules(), min_size=1, max_size=3), some.lists(asks, min_size=1, max_size=3))
def test_whatever_is_asked_sums_stay_foreign_rules_stay_and_the_way_back_is_exact(
    http: list[Json], wishes: list[Ask]
) -> None:
    found = virtual_service(*http)
    route = found
    for ask in wishes:
        route = steer(route, ask)
        assert istio.edited_by_other(RELEASE, Seen(routes=(route,)), ENDS) is None
        for rule in route["spec"]["http"]:
            assert sum(one.get("weight", 100) for one in rule["route"]) == 100
        foreign = [rule for rule in http if not istio.IstioEditor(ENDS).leads(istio.HTTP, rule)]
        assert [rule for rule in route["spec"]["http"] if rule in foreign] == foreign
    assert as_found(back(route)) == as_found(found)


@given(some.integers(0, 100), some.integers(0, 100))
def test_a_share_is_near_what_is_asked_and_never_nothing_by_rounding(whole: int, weight: int) -> None:
    share = istio.canary_share(whole, weight)

    assert 0 <= share <= whole
    assert abs(share - whole * weight / 100) <= 1
    if whole > 1 and 0 < weight < 100:
        assert 0 < share < whole
