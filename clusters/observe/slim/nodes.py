"""Slim rows of Nodes and Namespaces, and of what limits a namespace (ResourceQuotas)."""

from clusters.observe.slim.parts import Raw, Slim, conditions, flag, mapping, mappings, text, texts
from clusters.quantities import bytes_of, count_of, millis_of

ROLE = "node-role.kubernetes.io/"


def _resources(resources: Raw) -> Slim:
    return {
        "cpu_millis": millis_of(resources.get("cpu")),
        "memory_bytes": bytes_of(resources.get("memory")),
        "pods": count_of(resources.get("pods")),
    }


def node(raw: Raw) -> Slim:
    """ready (None for unknown), conditions, capacity, allocatable, info, zone, roles, taints, addresses."""
    spec, status = mapping(raw, "spec"), mapping(raw, "status")
    labels = texts(mapping(raw, "metadata"), "labels")
    info = mapping(status, "nodeInfo")
    found = conditions(status)
    return {
        "ready": {"True": True, "False": False}.get(found.get("Ready", {}).get("status", "")),
        "conditions": found,
        "unschedulable": flag(spec, "unschedulable"),
        "taints": [
            {"key": text(taint, "key"), "value": text(taint, "value"), "effect": text(taint, "effect")}
            for taint in mappings(spec, "taints")
        ],
        "capacity": _resources(mapping(status, "capacity")),
        "allocatable": _resources(mapping(status, "allocatable")),
        "info": {
            "kubelet_version": text(info, "kubeletVersion", limit=64),
            "kube_proxy_version": text(info, "kubeProxyVersion", limit=64),
            "container_runtime": text(info, "containerRuntimeVersion", limit=128),
            "os_image": text(info, "osImage", limit=256),
            "kernel": text(info, "kernelVersion", limit=128),
            "architecture": text(info, "architecture", limit=32),
        },
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "region": labels.get("topology.kubernetes.io/region", ""),
        "roles": sorted(key.removeprefix(ROLE) for key in labels if key.startswith(ROLE)),
        "addresses": {text(entry, "type"): text(entry, "address") for entry in mappings(status, "addresses")},
    }


def namespace(raw: Raw) -> Slim:
    """phase: Active or Terminating."""
    return {"phase": text(mapping(raw, "status"), "phase", limit=32)}


def resource_quota(raw: Raw) -> Slim:
    """hard and used, as Kubernetes quantities: {"requests.cpu": "4"}."""
    status = mapping(raw, "status")
    return {"hard": texts(status, "hard"), "used": texts(status, "used")}
