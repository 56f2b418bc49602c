"""Raw objects as an API server sends them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any


def raw(kind: str, name: str = "web", *, namespace: str = "shop", version: int = 7, **parts: Any) -> dict[str, Any]:
    """An object with the usual metadata; `metadata=` adds to it, other parts stand beside it."""
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{kind}-{namespace}-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-24T10:00:00Z",
        "labels": {"app": "web"},
        "managedFields": [{"manager": "kubectl"}],
        **parts.pop("metadata", {}),
    }
    return {"kind": kind, "metadata": metadata, **parts}


def owned_by(kind: str, name: str, uid: str = "") -> dict[str, Any]:
    """Metadata of an object that is controlled by another."""
    owner = {"kind": kind, "name": name, "uid": uid or f"uid-{kind}-shop-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def pod(name: str = "web-6d4f-abcde", *, version: int = 7, **status: Any) -> dict[str, Any]:
    """A Pod of ReplicaSet web-6d4f with two containers."""
    return raw(
        "Pod",
        name,
        version=version,
        metadata=owned_by("ReplicaSet", "web-6d4f"),
        spec={
            "nodeName": "node-1",
            "initContainers": [{"name": "prepare", "image": "busybox:1", "resources": {"requests": {"cpu": "2"}}}],
            "containers": [
                {"name": "web", "image": "shop/web:2", "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}}},
                {"name": "proxy", "image": "proxy:9", "resources": {"requests": {"cpu": "100m", "memory": "32Mi"}}},
            ],
        },
        status={"phase": "Pending", **status},
    )


def deployment(name: str = "web", *, version: int = 7, **status: Any) -> dict[str, Any]:
    """A Deployment of three replicas."""
    return raw(
        "Deployment",
        name,
        version=version,
        metadata={
            "generation": 4,
            "annotations": {"slipway.dev/depends-on": "basket", "deployment.kubernetes.io/revision": "3", "other": "x"},
        },
        spec={
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}},
                "spec": {"containers": [{"name": "web", "image": "shop/web:2"}]},
            },
        },
        status={"observedGeneration": 3, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 1, **status},
    )
