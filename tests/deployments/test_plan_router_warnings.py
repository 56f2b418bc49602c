"""What the plan tells of the router before a canary goes through it."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.engine.seen import Seen
from deployments.engine.strategies import Canary, Mirror, SetWeight, Sticky
from deployments.plan_router_warnings import warnings_of_router
from tests.engine.model_cluster import release
from tests.engine.routes import destination_rule, service, to, virtual_service

TEN = SetWeight(10)
POLICY = {**destination_rule(), "spec": {"host": "web", "trafficPolicy": {"outlierDetection": {}}}}
BY_SUBSET = {
    **destination_rule({"name": "v1", "labels": {"app": "web"}}),
    "spec": {"host": "web", "trafficPolicy": {}, "subsets": [{"name": "v1", "labels": {"app": "web"}}]},
}


@pytest.mark.parametrize(
    ("canary", "routes", "codes"),
    [
        (Canary((TEN,)), (), []),
        (Canary((TEN,), "nginx"), (), ["nginx_retired"]),
        (Canary((TEN,), "gateway_api"), (), []),
        (Canary((TEN, Mirror(5)), "gateway_api", sticky=Sticky("v")), (), ["gateway_mirror", "gateway_sticky"]),
        (Canary((TEN,), "istio"), (virtual_service({"route": [to("web")]}), POLICY), ["policy_by_host"]),
        (Canary((TEN,), "istio"), (virtual_service({"route": [to("web", subset="v1")]}), BY_SUBSET), []),
    ],
)
def test_the_plan_tells_what_the_router_will_not_do(canary: Canary, routes: tuple[Any, ...], codes: list[str]) -> None:
    spec = release(strategy=canary, kubernetes_service="web")

    assert [one.code for one in warnings_of_router(spec, Seen(services=(service(),), routes=routes))] == codes
