"""The lane itself, by hand: weights are kept, drains lose nothing, and what would fail a user shows."""

from __future__ import annotations

import httpx
import pytest

from sandbox.cluster import Sandbox
from tests.conftest import until
from tests.kubectl import Kubectl
from tests.lane.web import IMAGE, Web, assert_share

pytestmark = pytest.mark.sandbox

REQUESTS = 3000


def rolled_out(web: Web) -> bool:
    live = web.live()
    status, wanted = live["status"], live["spec"]["replicas"]
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return counts == {wanted} and status["observedGeneration"] >= live["metadata"]["generation"]


def release_by_hand(web: Web, version: str) -> None:
    """What `kubectl set image` does, until it is rolled out and the old pods are gone."""
    container = {**web.live()["spec"]["template"]["spec"]["containers"][0], "image": f"{IMAGE}:{version}"}
    web.kubectl.patch(f"{web.deployments}/web", {"spec": {"template": {"spec": {"containers": [container]}}}})
    until(lambda: rolled_out(web), seconds=90)
    pods = f"/api/v1/namespaces/{web.namespace}/pods"
    until(lambda: len(web.kubectl.get(pods)["items"]) == web.live()["spec"]["replicas"], seconds=60)


def test_the_share_of_requests_is_the_weight_of_the_route(web: Web) -> None:
    web.run("web-canary", "2.0", replicas=2)
    web.serve("web-canary", {"app": "web-canary"})
    until(lambda: web.live("web-canary").get("status", {}).get("availableReplicas") == 2)

    with web.load(per_second=400) as load:
        for percent in (10, 40, 75):
            web.weigh(web=100 - percent, web_canary=percent)
            # The router takes up what it has accepted within its own two seconds.
            load.at_least(1000)
            counts = load.at_least(REQUESTS)
            assert_share(counts, "2.0", percent)
            assert counts.failures == []


def test_a_rolling_release_of_pods_that_wait_before_they_end_loses_no_request(web: Web) -> None:
    with web.load() as load:
        load.at_least(100)
        release_by_hand(web, "2.0")
        counts = load.take()

    assert counts.failures == []
    assert set(counts.by_version) == {"1.0", "2.0"}


def test_pods_that_end_at_once_lose_requests_and_the_lane_shows_it(kubectl: Kubectl, namespace: str) -> None:
    hasty = Web(kubectl, namespace)
    hasty.begin(pre_stop_seconds=0)

    with hasty.load() as load:
        load.at_least(100)
        release_by_hand(hasty, "2.0")
        counts = load.take()

    assert counts.failures != []


def test_a_version_that_answers_errors_is_counted_and_measured(lane: Sandbox, web: Web) -> None:
    web.kubectl.patch(f"{web.deployments}/web", {"spec": {"replicas": 1}})
    with web.load() as load:
        release_by_hand(web, "2.0-errors")
        load.at_least(200)
        counts = load.at_least(400)

        assert 0.1 < len(counts.failures) / (len(counts.failures) + counts.answered) < 0.3
        query = f'sum(rate(http_requests_total{{namespace="{web.namespace}",code="500"}}[10s]))'
        until(lambda: measured(lane, query) > 1)


def measured(lane: Sandbox, query: str) -> float:
    """What the lane's Prometheus answers now; 0 for no series."""
    answer = httpx.get(f"{lane.prometheus_url}/api/v1/query", params={"query": query}, trust_env=False)
    found = answer.raise_for_status().json()["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0
