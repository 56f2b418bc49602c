"""Istio's and the Gateway API's kinds are served, with their own schemas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import definitions, toolchain
from sandbox.cluster import Sandbox
from sandbox.errors import BuildFailed
from tests.kubectl import Kubectl

pytestmark = pytest.mark.sandbox

VIRTUAL_SERVICE: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "web"},
    "spec": {
        "hosts": ["web"],
        "http": [
            {
                "route": [
                    {"destination": {"host": "web"}, "weight": 90},
                    {"destination": {"host": "web-canary"}, "weight": 10},
                ]
            }
        ],
    },
}
HTTP_ROUTE: dict[str, Any] = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "web"},
    "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 90}]}]},
}
KINDS = {
    "networking.istio.io/v1": {"virtualservices", "destinationrules", "gateways", "sidecars", "serviceentries"},
    "security.istio.io/v1": {"peerauthentications", "authorizationpolicies"},
    "gateway.networking.k8s.io/v1": {"gatewayclasses", "gateways", "httproutes", "grpcroutes"},
}


def test_the_kinds_are_served_once_the_sandbox_is_ready(kubectl: Kubectl) -> None:
    for group_version, plurals in KINDS.items():
        resources = kubectl.get(f"/apis/{group_version}")["resources"]
        assert plurals <= {resource["name"] for resource in resources}


def test_an_object_is_held_to_its_schema(kubectl: Kubectl, namespace: str) -> None:
    for plural, wanted, destinations in (
        ("virtualservices", VIRTUAL_SERVICE, VIRTUAL_SERVICE["spec"]["http"][0]["route"]),
        ("httproutes", HTTP_ROUTE, HTTP_ROUTE["spec"]["rules"][0]["backendRefs"]),
    ):
        collection = f"/apis/{wanted['apiVersion']}/namespaces/{namespace}/{plural}"
        kubectl.create(collection, wanted)
        kubectl.delete(f"{collection}/web")

        destinations[0]["weight"] = "much"
        refused = kubectl.http.post(collection, json=wanted)

        assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert "integer" in refused.text


def test_they_are_applied_once(own_sandbox: Sandbox, own_kubectl: Kubectl) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/wasmplugins.extensions.istio.io"
    own_kubectl.delete(path)

    own_sandbox.down()
    own_sandbox.ensure_up(owner_pid=os.getpid())

    assert not own_kubectl.exists(path), "what people delete stays deleted"


def test_what_cannot_be_fetched_says_so_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if toolchain.own_go() is None:
        pytest.skip("needs a Go toolchain, and installing one here takes minutes")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")

    with pytest.raises(BuildFailed) as failure:
        definitions.fetch(lambda progress: None)

    assert "GOPROXY" in failure.value.next
    assert not definitions.is_fetched()
