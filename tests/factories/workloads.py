"""Deployments for tests, as a person would apply them to the sandbox."""

from __future__ import annotations

from typing import Any


def deployment(name: str, image: str, *, replicas: int = 2, **spec: Any) -> dict[str, Any]:
    """A Deployment of one container named after it, with a readiness probe."""
    labels = {"app": name}
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {**labels, "app.kubernetes.io/name": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }
