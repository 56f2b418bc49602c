"""A Deployment, its Service and its HTTPRoute in the lane, as a team would have them."""

from __future__ import annotations

import math
from typing import Any

from sandbox.lane.census import SESSION_COOKIE_ANNOTATION
from sandbox.lane.components import ENTRANCE
from sandbox.lane.load import Counts, Load, visit
from tests.conftest import until
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

IMAGE = "registry.shop.example/web"
# Traefik takes up changes every two seconds at most: a Pod that waits longer before it ends is asked no more.
PRE_STOP_SECONDS = 4
REPLICAS = 4


class Web:
    """One workload behind the lane's Gateway, asked by the host name of its namespace."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self.kubectl, self.namespace = kubectl, namespace
        self.host = f"{namespace}.shop.example"
        self.deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self.services = f"/api/v1/namespaces/{namespace}/services"
        self.routes = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"

    def begin(self, *, pre_stop_seconds: int = PRE_STOP_SECONDS, session_cookie: str = "") -> None:
        """Make all of it and wait until it answers."""
        self.run("web", "1.0", pre_stop_seconds=pre_stop_seconds, session_cookie=session_cookie)
        self.serve("web", {"app": "web"})
        spec = {
            "parentRefs": [{"name": "edge", "namespace": "edge"}],
            "hostnames": [self.host],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        }
        kind = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
        self.kubectl.create(self.routes, {**kind, "metadata": {"name": "web"}, "spec": spec})
        until(self.answers, seconds=60)

    def run(
        self, name: str, version: str, *, replicas: int = REPLICAS, pre_stop_seconds: int = 0, session_cookie: str = ""
    ) -> None:
        """A Deployment of that name, whose Pods wait so long before they end and set a cookie for their version."""
        made = deployment(name, f"{IMAGE}:{version}", replicas=replicas)
        if session_cookie:
            made["spec"]["template"]["metadata"]["annotations"] = {SESSION_COOKIE_ANNOTATION: session_cookie}
        if pre_stop_seconds:
            container = made["spec"]["template"]["spec"]["containers"][0]
            container["lifecycle"] = {"preStop": {"sleep": {"seconds": pre_stop_seconds}}}
        self.kubectl.create(self.deployments, made)

    def serve(self, name: str, selector: dict[str, str]) -> None:
        """A Kubernetes Service of that name."""
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        self.kubectl.create(self.services, {"metadata": {"name": name}, "spec": {"selector": selector, "ports": ports}})

    def weigh(self, **weights: int) -> None:
        """Write the route's weights by Service ("_" stands for "-") and wait until the router has taken them up."""
        refs = [{"name": name.replace("_", "-"), "port": 80, "weight": weight} for name, weight in weights.items()]
        self.kubectl.patch(f"{self.routes}/web", {"spec": {"rules": [{"backendRefs": refs}]}})
        until(self.is_accepted)

    def is_accepted(self) -> bool:
        """Whether the router says that it follows the route as it is now."""
        route = self.kubectl.get(f"{self.routes}/web")
        conditions = [
            condition for parent in route.get("status", {}).get("parents", []) for condition in parent["conditions"]
        ]
        return {"Accepted", "ResolvedRefs"} <= {
            one["type"]
            for one in conditions
            if one["status"] == "True" and one["observedGeneration"] >= route["metadata"]["generation"]
        }

    def answers(self) -> bool:
        return visit(ENTRANCE, self.host, {}, 1)[0][0] == "1.0"

    def load(self, *, per_second: float = 150.0) -> Load:
        """Requests in the background, for a `with`."""
        return Load(ENTRANCE, self.host, per_second=per_second)

    def visit(self, cookies: dict[str, str], times: int) -> list[tuple[str, dict[str, str]]]:
        """One visitor who keeps cookies: the version that answered, and the cookies, after each request."""
        return visit(ENTRANCE, self.host, cookies, times)

    def live(self, name: str = "web") -> dict[str, Any]:
        return self.kubectl.get(f"{self.deployments}/{name}")


def assert_share(counts: Counts, version: str, percent: float) -> None:
    """The measured share is within five standard deviations of what was asked for."""
    asked, number = percent / 100, counts.answered
    deviation = math.sqrt(asked * (1 - asked) / number)
    share = counts.share(version)
    assert abs(share - asked) <= 5 * deviation, f"{share:.1%} of {number} requests instead of {percent:g} %"
