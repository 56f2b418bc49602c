"""What a fresh cluster needs before it is of use: access for KWOK, and nodes."""

from typing import Any

import yaml

from sandbox.build import KUBERNETES
from sandbox.kubernetes_api import KubernetesApi
from sandbox.paths import PACKAGE

FIELD_MANAGER = "sandbox"
# Node names by zone. Each gets a /24 of 10.244.0.0/16 for its Pods, in this order.
ZONES = {"zone-a": ("worker-a1", "worker-a2", "worker-a3"), "zone-b": ("worker-b1", "worker-b2")}


def bootstrap(api: KubernetesApi) -> None:
    """Apply access and create the nodes that are missing. Idempotent. Raises StartFailed."""
    access = (PACKAGE / "cluster" / "kwok-access.yaml").read_text(encoding="utf-8")
    for item in yaml.safe_load_all(access):
        api.apply(item, manager=FIELD_MANAGER)
    for node in nodes():
        api.create(node)


def release_nodes(api: KubernetesApi) -> None:
    """Delete the nodes' leases, so that a new KWOK plays the nodes at once. Raises StartFailed.

    KWOK takes a new identity at each start, and would wait for the leases of the one before to run out.
    """
    api.delete_all("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")


def nodes() -> list[dict[str, Any]]:
    """The nodes as they are created; KWOK fills in their status."""
    placed = [(name, zone) for zone, names in ZONES.items() for name in names]
    return [_node(name, zone, f"10.244.{number}.0/24") for number, (name, zone) in enumerate(placed)]


def nodes_are_ready(api: KubernetesApi) -> bool:
    """Whether all nodes of the sandbox say they are Ready."""
    found = api.get("/api/v1/nodes") or {"items": []}
    ready = {
        node["metadata"]["name"]
        for node in found["items"]
        for condition in node.get("status", {}).get("conditions", [])
        if condition["type"] == "Ready" and condition["status"] == "True"
    }
    return {name for names in ZONES.values() for name in names} <= ready


def _node(name: str, zone: str, pod_cidr: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "sandbox",
                "topology.kubernetes.io/zone": zone,
            },
            "annotations": {"slipway.dev/about": f"played by KWOK, Kubernetes {KUBERNETES}"},
        },
        "spec": {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]},
    }
