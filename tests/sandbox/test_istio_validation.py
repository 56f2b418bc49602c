"""What Slipway writes is what Istio takes: istiod's own validating webhook says so, of whatever is asked of a route.

tests/scenarios/test_canary_routed.py has it between the API server and every object that a whole release writes.
"""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.engine.json import Json
from deployments.engine.routers import Ask, istio
from deployments.engine.seen import Seen
from deployments.engine.strategies import HeaderRoute, Sticky
from tests.engine.routes import ENDS, destination_rule, some_write, to, virtual_service, written
from tests.engine.test_router_istio import RELEASE, SUBSETS, asks, back, rules, steer
from tests.istiod import Istiod
from tests.kubectl import Kubectl

HEADERS = tuple(
    HeaderRoute(match, "X-Beta", match, value)
    for match, value in (("exact", "yes"), ("prefix", "qa."), ("regex", "a|b"))
)


def takes(istiod: Istiod, *objects: Json) -> None:
    """istiod has neither an error nor a warning for them."""
    for one in objects:
        verdict = istiod.judge(one)
        assert (verdict.is_allowed, verdict.said) == (True, ()), one["spec"]


@pytest.mark.parametrize("weight", [0, 1, 25, 99, 100])
def test_every_wish_together_is_taken_and_so_is_the_way_back(istiod: Istiod, weight: int) -> None:
    matched = {"match": [{"uri": {"prefix": "/shop"}, "headers": {"x-a": {"exact": "1"}}}, {"port": 80}]}
    found = virtual_service(
        {**matched, "name": "shop", "route": [to("web")], "timeout": "3s", "retries": {"attempts": 2}},
        {"route": [to("web.shop", 70), to("legacy", 30)], "corsPolicy": {"allowOrigins": [{"exact": "https://a"}]}},
        tls=[{"match": [{"sniHosts": ["web.example"], "port": 443}], "route": [to("web")]}],
        tcp=[{"match": [{"port": 9000}], "route": [to("web")]}],
    )
    takes(istiod, found)

    route = steer(found, Ask(weight, HEADERS, mirror=20, sticky=Sticky("v", 60)))

    takes(istiod, route, back(route))


def test_subsets_with_hashes_are_taken_and_so_are_the_routes_to_them(istiod: Istiod) -> None:
    by_subset = virtual_service({"route": [to("web", 100, subset="stable"), to("web", 0, subset="other")]})
    takes(istiod, by_subset, SUBSETS)

    rule = written(SUBSETS, some_write(istio.pinned(RELEASE, Seen(routes=(by_subset, SUBSETS)), ENDS)))
    ask = Ask(10, HEADERS, mirror=5, sticky=Sticky("v", 60))
    route = written(by_subset, some_write(istio.steered(RELEASE, Seen(routes=(by_subset, rule)), ENDS, ask)))

    takes(istiod, rule, route)


@given(http=some.lists(rules(), min_size=1, max_size=3), wishes=some.lists(asks, min_size=1, max_size=3))
def test_whatever_is_asked_istiod_finds_nothing_that_it_had_not_found_before(
    istiod: Istiod, http: list[Json], wishes: list[Ask]
) -> None:
    route = virtual_service(*http)
    before = istiod.judge(route)
    for ask in wishes:
        route = steer(route, ask)
        verdict = istiod.judge(route)
        assert verdict.is_allowed >= before.is_allowed, (verdict.said, route["spec"])
        if not before.said:
            assert verdict.said == (), route["spec"]


def _broken(**destination: object) -> Json:
    return virtual_service({"route": [{"destination": {"host": "web", **destination}}]})


BROKEN: dict[str, tuple[Json, str]] = {
    "weights that are all nothing": (virtual_service({"route": [to("web", 0), to("web-canary", 0)]}), "weight"),
    "a negative weight": (virtual_service({"route": [to("web", -10), to("web-canary", 110)]}), "weight"),
    "a destination without a host": (_broken(host=""), "empty domain name"),
    "a subset that is no name": (_broken(subset="Not A Name"), "subset"),
    "a mirror of more than all": (
        virtual_service({"route": [to("web")], "mirror": {"host": "web-canary"}, "mirrorPercentage": {"value": 120}}),
        "mirror",
    ),
    "a subset without a name": (destination_rule({"name": "", "labels": {"app": "web"}}), "subset"),
    "a rule without a host": (destination_rule(host=""), "empty domain name"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_refused(istiod: Istiod, what: str) -> None:
    obj, word = BROKEN[what]

    verdict = istiod.judge(obj)

    assert not verdict.is_allowed
    assert word in "".join(verdict.said)


def test_rules_behind_one_that_takes_everything_are_warned_about(istiod: Istiod) -> None:
    verdict = istiod.judge(virtual_service({"route": [to("web")]}, {"route": [to("web-canary")]}))

    assert verdict.is_allowed
    assert "only the last rule can have no matches" in "".join(verdict.said)


@pytest.mark.sandbox
def test_the_api_server_refuses_what_istiod_refuses(istiod: Istiod, kubectl: Kubectl, namespace: str) -> None:
    wanted = deepcopy(virtual_service({"route": [to("web", 0), to("web-canary", 0)]}))
    wanted["metadata"] = {"name": "web"}
    collection = f"/apis/networking.istio.io/v1/namespaces/{namespace}/virtualservices"
    with istiod.guarding(kubectl, namespace):
        refused = kubectl.http.post(collection, json={"apiVersion": "networking.istio.io/v1", **wanted})

    assert refused.status_code == 400
    assert "denied the request: configuration is invalid: total destination weight = 0" in refused.json()["message"]
    assert [one.is_allowed for one in istiod.verdicts(namespace)] == [False]
