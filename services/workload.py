"""What a Deployment's manifest says about the service in it, and the manifests of a new one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.rules.new_workload import NewWorkload

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
NAME_LABEL = "app.kubernetes.io/name"
SYSTEM_LABEL = "app.kubernetes.io/part-of"
VERSION_LABEL = "app.kubernetes.io/version"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
TEAM_LABEL = "slipway.dev/team"


def main_container(
    containers: Sequence[Mapping[str, Any]], asked: str = "", annotations: Mapping[str, str] | None = None
) -> str:
    """The container that carries the service: the one asked for, else the Pod's default one, else the first.

    "" when there is none of that name, or none at all.
    """
    names = [str(container.get("name", "")) for container in containers]
    if asked:
        return asked if asked in names else ""
    preferred = (annotations or {}).get(DEFAULT_CONTAINER, "")
    if preferred in names:
        return preferred
    return names[0] if names else ""


def pod_template(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """`spec.template`, an empty object where a broken manifest has none."""
    template = (deployment.get("spec") or {}).get("template")
    return template if isinstance(template, dict) else {}


def containers_of(deployment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of the Deployment's Pods, init containers not counted."""
    containers = (pod_template(deployment).get("spec") or {}).get("containers")
    return [item for item in containers if isinstance(item, dict)] if isinstance(containers, list) else []


def deployment_manifest(
    wish: NewWorkload, *, name: str, namespace: str, container: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The Deployment that `create` asks for. `labels` go on it and its Pods; the selector is `app` alone."""
    pod_container: dict[str, Any] = {"name": container, "image": wish.image}
    if wish.port:
        pod_container["ports"] = [{"name": "http", "containerPort": wish.port}]
    if wish.resources:
        pod_container["resources"] = wish.resources
    if wish.env:
        pod_container["env"] = [{"name": key, "value": value} for key, value in wish.env.items()]
    for kind, probe in wish.probes.items():
        pod_container[f"{kind}Probe"] = probe
    selector = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {**labels, **selector}},
        "spec": {
            "replicas": wish.replicas,
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": {**labels, **selector}},
                "spec": {"containers": [pod_container]},
            },
        },
    }


def service_manifest(
    wish: NewWorkload, *, name: str, workload: str, namespace: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The Kubernetes Service in front of the Pods of the Deployment `workload`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "selector": {"app": workload},
            "ports": [{"name": "http", "port": wish.port, "targetPort": "http"}],
        },
    }
