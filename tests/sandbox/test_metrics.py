"""The numbers of demo Pods arrive in the real Prometheus, and bad versions show in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import until
from tests.kubectl import Kubectl

pytestmark = pytest.mark.sandbox

# Two scrapes are needed for a rate; they are 5 s apart.
IN_TIME = 40


class Prometheus:
    """Asks the sandbox's Prometheus."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def value(self, query: str) -> float | None:
        """The number that a query with one answer gives; None while there is none."""
        answer = self._client.get("/api/v1/query", params={"query": query}).json()["data"]["result"]
        number = float(answer[0]["value"][1]) if answer else None
        return None if number != number else number  # NaN: nothing was counted yet


@pytest.fixture
def prometheus(sandbox_cluster: Any) -> Iterator[Prometheus]:
    """The shared sandbox's Prometheus."""
    with httpx.Client(base_url=sandbox_cluster.prometheus_url, timeout=10, trust_env=False) as client:
        yield Prometheus(client)


@pytest.fixture
def deployed(kubectl: Kubectl, namespace: str) -> str:
    """A namespace with a Deployment of each kind: `good`, `errors`, `slow`, `unready`."""
    for name in ("good", "errors", "slow", "unready"):
        labels = {"app": name}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": f"registry.shop.example/app:1.0-{name}"}]},
        }
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
        kubectl.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
    return namespace


def test_bad_versions_show_in_the_numbers(prometheus: Prometheus, deployed: str) -> None:
    def of(app: str, more: str = "") -> str:
        return f'{{namespace="{deployed}",service="{app}",app="{app}",pod_template_hash!=""{more}}}[30s]'

    def error_share(app: str) -> float | None:
        failed, all_of_them = of(app, ',code="500"'), of(app)
        return prometheus.value(f"sum(rate(http_requests_total{failed})) / sum(rate(http_requests_total{all_of_them}))")

    def p99(app: str) -> float | None:
        rates = f"sum by (le) (rate(http_request_duration_seconds_bucket{of(app)}))"
        return prometheus.value(f"histogram_quantile(0.99, {rates})")

    # A Pod's first requests are too few for a quantile.
    until(lambda: error_share("errors") == pytest.approx(0.2, abs=0.05), seconds=IN_TIME)
    until(lambda: error_share("good") == pytest.approx(0.002, abs=0.02), seconds=IN_TIME)
    until(lambda: p99("slow") == pytest.approx(3.0, abs=0.8), seconds=IN_TIME)
    until(lambda: p99("good") == pytest.approx(0.18, abs=0.08), seconds=IN_TIME)


def test_pods_that_are_not_ready_show_none(prometheus: Prometheus, deployed: str) -> None:
    count = f'count(http_requests_total{{namespace="{deployed}",service="%s"}})'

    until(lambda: prometheus.value(count % "good") == 4, seconds=IN_TIME)

    assert prometheus.value(count % "unready") is None


def test_containers_show_processor_time_and_memory(prometheus: Prometheus) -> None:
    labels = '{namespace="prod",container="checkout"}'

    until(
        lambda: (prometheus.value(f"sum(rate(container_cpu_usage_seconds_total{labels}[30s]))") or 0) > 0,
        seconds=IN_TIME,
    )
    assert (prometheus.value(f"min(container_memory_working_set_bytes{labels})") or 0) > 10_000_000
