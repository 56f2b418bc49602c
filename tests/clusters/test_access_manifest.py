"""The access manifest and the guard, as the real API server takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from clusters.access_manifest import FEATURES, access_manifest, guard
from tests.conftest import until
from tests.kubectl import Kubectl

_POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


@pytest.fixture
def kubectl(sandbox_cluster: Any) -> Iterator[Kubectl]:
    client = Kubectl(sandbox_cluster.kubeconfig)
    yield client
    client.http.close()


@pytest.fixture
def guarded(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """A namespace in which the guard is in force, and nowhere else: other tests share the cluster."""
    name = f"guard-{uuid4().hex[:8]}"
    policy, binding = guard()
    policy["metadata"]["name"] = binding["metadata"]["name"] = binding["spec"]["policyName"] = name
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy["spec"]["matchConstraints"]["namespaceSelector"] = here
    kubectl.create(_POLICIES, policy)
    kubectl.create(f"{_BINDINGS}", binding)
    yield namespace
    kubectl.delete(f"{_BINDINGS}/{name}")
    kubectl.delete(f"{_POLICIES}/{name}")


def deployment(name: str, **labels: str) -> dict[str, Any]:
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    spec = {"replicas": 0, "paused": True, "strategy": {"type": "Recreate"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {**spec, "selector": {"matchLabels": {"app": name}}, "template": pod},
    }


def patched(kubectl: Kubectl, path: str, spec: dict[str, Any]) -> httpx.Response:
    merge = {"Content-Type": "application/merge-patch+json"}
    return kubectl.http.patch(path, json={"spec": spec}, headers=merge)


def test_the_manifest_is_taken_by_the_api_server(kubectl: Kubectl) -> None:
    collections = {
        "Namespace": "/api/v1/namespaces",
        "ServiceAccount": "/api/v1/namespaces/default/serviceaccounts",
        "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "ValidatingAdmissionPolicy": _POLICIES,
        "ValidatingAdmissionPolicyBinding": f"{_BINDINGS}",
    }
    documents = list(yaml.safe_load_all(access_manifest(with_guard=True)))
    assert [document["kind"] for document in documents] == list(collections)
    for document in documents:
        document["metadata"].update(name=f"dry-{uuid4().hex[:8]}")
        document["metadata"].pop("namespace", None)
        kubectl.create(f"{collections[document['kind']]}?dryRun=All&fieldValidation=Strict", document)


def test_fewer_features_give_fewer_rights() -> None:
    rights = {feature: access_manifest(["observe", feature]).count("create") for feature in FEATURES}
    assert rights["observe"] < rights["deploy"]
    assert "delete" not in access_manifest(["observe", "deploy"])


def test_the_guard_refuses_to_leave_a_release_half(kubectl: Kubectl, guarded: str) -> None:
    collection = f"/apis/apps/v1/namespaces/{guarded}/deployments"
    kubectl.create(collection, deployment("web", **{"slipway.dev/release": "r1"}))
    path = f"{collection}/web"
    until(lambda: patched(kubectl, f"{path}?dryRun=All", {"paused": False}).status_code == 422)
    resumed = patched(kubectl, f"{path}?dryRun=All", {"paused": False})
    assert "release is under way" in resumed.text
    rolling = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    assert patched(kubectl, f"{path}?dryRun=All", rolling).status_code == 422
    assert patched(kubectl, path, {"replicas": 3}).is_success
    assert patched(kubectl, path, {**rolling, "paused": False}).is_success


def test_the_guard_leaves_other_deployments_alone(kubectl: Kubectl, guarded: str) -> None:
    collection = f"/apis/apps/v1/namespaces/{guarded}/deployments"
    kubectl.create(collection, deployment("theirs"))
    kubectl.create(collection, deployment("ours", **{"slipway.dev/release": "r1"}))
    until(lambda: patched(kubectl, f"{collection}/ours?dryRun=All", {"paused": False}).status_code == 422)
    assert patched(kubectl, f"{collection}/theirs", {"paused": False}).is_success
