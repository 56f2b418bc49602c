"""Canaries behind a router, on real objects: Istio and Gateway API by their own schemas, nginx by manifests.

Where istiod's webhook is built (`make istio`), the API server asks it about every Istio object that is written here.
No data plane runs here (tests/lane has one). What a Gateway's controller would say of a route, the test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from deployments.commands import abort_release, promote_release
from deployments.errors import ReleaseInvalid
from deployments.models import Release
from deployments.orphan_routes import find_orphans_and_routes
from deployments.orphans import clean_orphans, find_orphans
from deployments.tick import tick
from tests.conftest import until
from tests.istiod import Istiod, why_not
from tests.scenarios.conftest import Workload
from tests.scenarios.endpoints import serve, service, service_names, versions

pytestmark = pytest.mark.slow

GATEWAY, ISTIO, NETWORK = "gateway.networking.k8s.io/v1", "networking.istio.io/v1", "networking.k8s.io/v1"
SAYS = "nginx.ingress.kubernetes.io/"
COUNTED = ("resourceVersion", "managedFields", "generation")


def virtual_service(**destination: Any) -> dict[str, Any]:
    """As a team would write it: a foreign rule first, then theirs with a foreign destination."""
    ours = {"destination": {"host": "web", **destination}, "weight": 80}
    legacy = {"destination": {"host": "legacy.example.com", "port": {"number": 443}}, "weight": 20}
    admin = {"match": [{"uri": {"prefix": "/admin"}}], "route": [{"destination": {"host": "admin"}}]}
    theirs = {"route": [ours, legacy], "timeout": "3s", "retries": {"attempts": 2, "perTryTimeout": "1s"}}
    return {
        "apiVersion": ISTIO,
        "kind": "VirtualService",
        "metadata": {"name": "web"},
        "spec": {"hosts": ["web.example"], "http": [admin, theirs]},
    }


DESTINATION_RULE = {
    "apiVersion": ISTIO,
    "kind": "DestinationRule",
    "metadata": {"name": "web"},
    "spec": {"host": "web", "subsets": [{"name": "v1", "labels": {"app": "web"}}]},
}
HTTP_ROUTE = {
    "apiVersion": GATEWAY,
    "kind": "HTTPRoute",
    "metadata": {"name": "web"},
    "spec": {
        "parentRefs": [{"name": "edge"}],
        "rules": [
            {"matches": [{"path": {"value": "/cart"}}], "backendRefs": [{"name": "cart", "port": 80}]},
            {
                "backendRefs": [{"name": "web", "port": 80, "weight": 3}, {"name": "legacy", "port": 80}],
                "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-debug"]}}],
            },
        ],
    },
}
INGRESS = {
    "apiVersion": NETWORK,
    "kind": "Ingress",
    "metadata": {"name": "web", "annotations": {f"{SAYS}proxy-body-size": "8m"}},
    "spec": {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["web.example"], "secretName": "web-tls"}],
        "rules": [
            {
                "host": "web.example",
                "http": {
                    "paths": [
                        {
                            "path": path,
                            "pathType": "Prefix",
                            "backend": {"service": {"name": name, "port": {"number": 80}}},
                        }
                        for path, name in (("/", "web"), ("/cart", "cart"))
                    ]
                },
            }
        ],
    },
}
FOUND: dict[str, list[dict[str, Any]]] = {
    "istio": [virtual_service()],
    "istio by subsets": [virtual_service(subset="v1"), DESTINATION_RULE],
    "gateway_api": [HTTP_ROUTE],
    "nginx": [INGRESS],
}
PLURALS = {
    "VirtualService": "virtualservices",
    "DestinationRule": "destinationrules",
    "HTTPRoute": "httproutes",
    "Ingress": "ingresses",
}


def collection(web: Workload, obj: dict[str, Any]) -> str:
    return f"/apis/{obj['apiVersion']}/namespaces/{web.target.namespace}/{PLURALS[obj['kind']]}"


class Routed:
    """The workload behind a Service and the routes of one router."""

    def __init__(self, web: Workload, router: str) -> None:
        self.web = web
        self.router = router
        serve(web, 4)
        self.found = [web.kubectl.create(collection(web, one), deepcopy(one)) for one in FOUND[router]]
        self.paths = [f"{collection(web, one)}/{one['metadata']['name']}" for one in FOUND[router]]
        self.before = service(web)
        self.accept()

    def deploy(self, *steps: dict[str, Any], **more: Any) -> Release:
        strategy = {
            "type": "canary",
            "traffic": self.router.partition(" ")[0],
            "steps": list(steps) or [{"set_weight": 25}, {"pause": {}}, {"set_weight": 50}, {"pause": {}}],
            "route_settle_seconds": 1,
            "abort_scale_down_delay_seconds": 1,
        }
        return self.web.deploy("1.1", strategy={**strategy, **more})

    def live(self, index: int = 0) -> dict[str, Any]:
        return self.web.kubectl.get(self.paths[index])

    def accept(self) -> None:
        """What a Gateway's controller says once it has taken a route in."""
        if self.router != "gateway_api":
            return
        route = self.live()
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": kind,
                "message": "",
                "observedGeneration": route["metadata"]["generation"],
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parent = {"parentRef": {"name": "edge"}, "controllerName": "example.com/edge", "conditions": conditions}
        self.web.kubectl.patch(f"{self.paths[0]}/status", {"status": {"parents": [parent]}})

    def shares(self) -> list[int]:
        """Weights of stable, canary and others, in the order of the route; of nginx the canary's alone."""
        if self.router == "nginx":
            items = self.web.kubectl.get(collection(self.web, INGRESS))["items"]
            return [
                int(one["metadata"]["annotations"][f"{SAYS}canary-weight"])
                for one in items
                if one["metadata"]["name"] == "web-canary"
            ]
        if self.router == "gateway_api":
            return [ref["weight"] for ref in self.live()["spec"]["rules"][-1]["backendRefs"]]
        return [one["weight"] for one in self.live()["spec"]["http"][-1]["route"]]

    def play(self, release: Release, is_so: Callable[[Release], bool], seconds: float = 90) -> Release:
        def there() -> bool:
            tick(release.pk)
            self.accept()
            release.refresh_from_db()
            return is_so(release)

        until(there, seconds=seconds)
        return release

    def as_it_was(self) -> bool:
        """Every object that was here is to the byte what it was, and nothing else is there."""
        now = [self.live(index) for index in range(len(self.paths))]
        pairs = [*zip(now, self.found, strict=True), (service(self.web), self.before)]
        return service_names(self.web) == {"web"} and all(_same(one, was) for one, was in pairs)


@pytest.fixture(autouse=True)
def judged_by_istiod(request: pytest.FixtureRequest, web: Workload) -> Iterator[None]:
    """Every write to an object of Istio passes istiod's own validation, without an error and without a warning."""
    callspec = getattr(request.node, "callspec", None)
    router = callspec.params["router"] if callspec else ""
    if why_not() or router in ("gateway_api", "nginx"):
        yield
        return
    istiod: Istiod = request.getfixturevalue("istiod")
    namespace = web.target.namespace
    with istiod.guarding(web.kubectl, namespace):
        yield
    verdicts = istiod.verdicts(namespace)
    assert [one for one in verdicts if not one.is_allowed or one.said] == []
    if router:
        assert {one.kind for one in verdicts} == {obj["kind"] for obj in FOUND[router]}


def _same(now: dict[str, Any], was: dict[str, Any]) -> bool:
    def bare(obj: dict[str, Any]) -> dict[str, Any]:
        metadata = {key: value for key, value in obj["metadata"].items() if key not in COUNTED}
        return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}

    return bare(now) == bare(was)


WEIGHTS = {
    "istio": ([60, 20, 20], [40, 40, 20]),
    "istio by subsets": ([60, 20, 20], [40, 40, 20]),
    "gateway_api": ([225, 75, 100], [150, 150, 100]),
    "nginx": ([25], [50]),
}


def in_pause(release: Release) -> bool:
    assert not release.ended, (release.status, release.reason, release.message)
    return bool(release.status == "paused")


@pytest.mark.parametrize("router", FOUND)
def test_weights_go_up_the_new_version_takes_over_and_every_object_is_as_it_was(web: Workload, router: str) -> None:
    routed = Routed(web, router)
    release = routed.play(routed.deploy(), in_pause)
    assert routed.shares() == WEIGHTS[router][0]
    if router != "istio by subsets":
        assert versions(web) == {"1.0"}
        assert versions(web, "web-canary") == {"1.1"}
    promote_release(release, by=web.developer)
    routed.play(release, lambda one: one.status != "paused")
    routed.play(release, in_pause)
    assert routed.shares() == WEIGHTS[router][1]
    promote_release(release, by=web.developer)

    release = routed.play(release, lambda one: one.ended)

    assert (release.status, release.reason) == ("succeeded", "")
    assert versions(web) == {"1.1"}
    assert routed.as_it_was()


@pytest.mark.parametrize("router", FOUND)
def test_aborted_the_first_write_takes_the_weight_away(web: Workload, router: str) -> None:
    routed = Routed(web, router)
    release = routed.play(routed.deploy(), in_pause)
    abort_release(release, by=web.developer)
    tick(release.pk)
    zero = {"gateway_api": [300, 0, 100], "nginx": [0]}
    assert routed.shares() == zero.get(router, [80, 0, 20])

    release = routed.play(release, lambda one: one.ended)

    assert release.status == "aborted"
    assert web.image() == "1.0"
    assert versions(web) == {"1.0"}
    assert routed.as_it_was()


@pytest.mark.parametrize("router", ["istio", "gateway_api"])
def test_a_header_route_and_a_mirror_are_taken_by_the_schema_and_go_without_a_trace(web: Workload, router: str) -> None:
    routed = Routed(web, router)
    beta = {"set_header_route": {"name": "beta", "match": {"header": "X-Beta", "prefix": "qa."}}}
    sticky = {"sticky": {"cookie": "slipway_web", "seconds": 60}}
    release = routed.deploy(beta, {"set_mirror": 10}, {"set_weight": 25}, {"pause": {}}, **sticky)

    release = routed.play(release, in_pause)

    rules = routed.live()["spec"]["rules" if router == "gateway_api" else "http"]
    assert len(rules) == 5  # the foreign one, the header's, one for each version's cookie, the weighted one
    abort_release(release, by=web.developer)
    routed.play(release, lambda one: one.ended)
    assert routed.as_it_was()


@pytest.mark.parametrize("router", ["istio", "gateway_api"])
def test_a_route_that_gitops_puts_back_is_written_again_and_then_left_to_a_person(web: Workload, router: str) -> None:
    routed = Routed(web, router)
    release = routed.play(routed.deploy(), in_pause)
    for _ in range(2):
        web.kubectl.patch(routed.paths[0], {"spec": routed.found[0]["spec"]})
        routed.play(release, lambda one: routed.shares() == WEIGHTS[router][0])
    web.kubectl.patch(routed.paths[0], {"spec": routed.found[0]["spec"]})

    release = routed.play(release, lambda one: one.reason == "Conflict")

    assert release.status == "paused"
    abort_release(release, by=web.developer)
    routed.play(release, lambda one: one.ended)
    assert routed.as_it_was()


def test_a_route_that_an_ended_release_left_alone_is_swept(web: Workload) -> None:
    routed = Routed(web, "istio by subsets")
    release = routed.play(routed.deploy(), in_pause)
    web.kubectl.delete(web.path)
    gone = {"status": "failed", "phase": "Failed", "ended": True, "holding": False}
    Release.objects.filter(pk=release.pk).update(**gone, finished_at=release.created_at - timedelta(minutes=1))
    assert not routed.as_it_was()
    assert not find_orphans()

    assert clean_orphans(find_orphans_and_routes) == 1

    assert routed.as_it_was()
    assert not find_orphans_and_routes()


def test_without_a_route_to_the_target_the_plan_refuses(web: Workload) -> None:
    serve(web, 2)
    strategy = {"type": "canary", "traffic": "istio", "steps": [{"set_weight": 50}]}

    with pytest.raises(ReleaseInvalid) as refused:
        web.deploy("1.1", strategy=strategy)

    assert "VirtualService" in str(refused.value)
