"""The gate that programs are given to a cluster: what it lets through, and that no credential goes with it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clusters.connection import endpoint
from clusters.connection.gate import lets_through, open_gate
from tests.factories.registered import sandbox_row

CONFIG_MAPS = "/api/v1/namespaces/{}/configmaps"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/version"),
        ("GET", "/api"),
        ("GET", "/api/v1"),
        ("GET", "/apis"),
        ("GET", "/apis/apps/v1"),
        ("GET", "/openapi/v3/apis/apps/v1"),
        ("GET", "/api/v1/namespaces/dev"),
        ("GET", "/api/v1/namespaces/dev/secrets"),
        ("POST", "/api/v1/namespaces/dev/secrets"),
        ("PATCH", "/apis/apps/v1/namespaces/dev/deployments/web"),
        ("GET", "/api/v1/namespaces/dev/pods/web-1/log"),
        ("DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles/system:x"),
    ],
)
def test_what_concerns_the_namespace_passes(method: str, path: str) -> None:
    assert lets_through(method, path, "dev")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/namespaces"),
        ("GET", "/api/v1/namespaces/prod/secrets"),
        ("GET", "/api/v1/namespaces/development/secrets"),
        ("GET", "/api/v1/namespaces/dev/../prod/secrets"),
        ("GET", "/api/v1/namespaces/dev/secrets/../../prod/secrets"),
        ("GET", "/api/v1/namespaces/dev%2f..%2fprod/secrets"),
        ("GET", "/api/v1//namespaces/dev/secrets"),
        ("POST", "/api/v1/namespaces"),
        ("DELETE", "/api/v1/namespaces/dev"),
        ("PATCH", "/api/v1/namespaces/dev"),
        ("POST", "/api/v1/namespaces/dev/pods/web-1/exec"),
        ("POST", "/api/v1/namespaces/dev/serviceaccounts/default/token"),
        ("GET", "/api/v1/namespaces/dev/services/web/proxy"),
        ("POST", "/apis/apps/v1"),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles"),
        ("GET", "/api/v1/nodes/node-1"),
        ("GET", "/metrics"),
        ("GET", "/logs/x"),
    ],
)
def test_what_does_not_is_kept_out(method: str, path: str) -> None:
    assert not lets_through(method, path, "dev")


def test_it_leads_to_the_cluster_and_only_with_its_token(db: None, sandbox_cluster: Any, namespace: str) -> None:
    there = endpoint(sandbox_row(sandbox_cluster))
    with open_gate(there, namespace) as gate, httpx.Client(base_url=gate.url, trust_env=False, timeout=10) as program:
        path = CONFIG_MAPS.format(namespace)
        outside = gate.url.rpartition("/")[0]
        assert httpx.get(f"{outside}{path}", timeout=5, trust_env=False).status_code == 401
        body = {"metadata": {"name": "made-through-the-gate"}}
        assert program.post(path, json=body).status_code == 201
        names = [item["metadata"]["name"] for item in program.get(path).json()["items"]]
        assert "made-through-the-gate" in names
        refused = program.get(CONFIG_MAPS.format("kube-system"))
        assert (refused.status_code, refused.json()["reason"]) == (403, "Forbidden")
        as_another = {"Impersonate-User": "nobody-at-all"}
        assert program.get(path, headers=as_another).status_code == 200
        with program.stream("GET", f"{path}?watch=1&timeoutSeconds=5") as watch:
            assert any("made-through-the-gate" in line for line in watch.iter_lines())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{gate.url}/version", timeout=5, trust_env=False)
