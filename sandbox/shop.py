"""The demo shop: shop/shop.yaml as Kubernetes objects, applied once to a fresh cluster."""

from functools import cache
from typing import Any

import yaml

from sandbox.kubernetes_api import KubernetesApi
from sandbox.paths import PACKAGE

FIELD_MANAGER = "sandbox-shop"
REGISTRY = "registry.shop.example"
PORT = 8080
# Tells that the shop has been applied. What people change or delete afterwards stays changed and deleted.
MARKER = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "sandbox-shop", "namespace": "kube-system"},
    "data": {"about": "The demo shop has been applied. Delete this to have it applied again at the next start."},
}


def apply_shop_once(api: KubernetesApi) -> None:
    """Apply the shop unless it has been applied before. Raises StartFailed."""
    if api.get("/api/v1/namespaces/kube-system/configmaps/sandbox-shop") is None:
        apply_shop(api)


def apply_shop(api: KubernetesApi) -> None:
    """Apply the shop as it is in shop.yaml, whatever has become of it. Raises StartFailed."""
    for item in (*shop(), MARKER):
        api.apply(item, manager=FIELD_MANAGER)


def shop() -> list[dict[str, Any]]:
    """All objects of the shop, namespaces first."""
    environments, services = _source()["environments"], _source()["services"]
    items = [_namespace(name) for name in environments]
    for namespace, environment in environments.items():
        for name, service in services.items():
            items.append(_deployment(namespace, environment, name, service))
            items.append(_kubernetes_service(namespace, name, service))
    return items


@cache
def _source() -> dict[str, Any]:
    source: dict[str, Any] = yaml.safe_load((PACKAGE / "shop" / "shop.yaml").read_text(encoding="utf-8"))
    return source


def _namespace(name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/part-of": "shop"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _labels(name: str, service: dict[str, Any]) -> dict[str, str]:
    return {
        "app": name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "shop",
        "slipway.dev/team": service["team"],
    }


def _metadata(namespace: str, name: str, service: dict[str, Any]) -> dict[str, Any]:
    annotations = {"slipway.dev/description": service["about"]}
    if service["depends_on"]:
        annotations["slipway.dev/depends-on"] = ",".join(service["depends_on"])
    return {"name": name, "namespace": namespace, "labels": _labels(name, service), "annotations": annotations}


def _deployment(namespace: str, environment: dict[str, Any], name: str, service: dict[str, Any]) -> dict[str, Any]:
    version = service["versions"][environment["version"]]
    metadata = _metadata(namespace, name, service)
    metadata["labels"]["app.kubernetes.io/version"] = version
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": service["replicas"] + environment["extra"],
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": _labels(name, service)},
                "spec": {"containers": [_container(name, version, service)]},
            },
        },
    }


def _container(name: str, version: str, service: dict[str, Any]) -> dict[str, Any]:
    def probe(path: str, period_seconds: int) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period_seconds}

    callees = [
        {"name": f"{callee.upper()}_URL", "value": f"http://{callee}:{PORT}"} for callee in service["depends_on"]
    ]
    return {
        "name": name,
        "image": f"{REGISTRY}/{name}:{version}",
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}, *callees],
        "readinessProbe": probe("/ready", 5),
        "livenessProbe": probe("/live", 10),
        "resources": {
            "requests": {"cpu": service["cpu"], "memory": service["memory"]},
            "limits": {"cpu": _twice(service["cpu"]), "memory": _twice(service["memory"])},
        },
    }


def _kubernetes_service(namespace: str, name: str, service: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(namespace, name, service),
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]},
    }


def _twice(quantity: str) -> str:
    number = quantity.rstrip("Mim")
    return f"{int(number) * 2}{quantity[len(number) :]}"
