"""Looking up on the cluster, at this moment, what a target is to point at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from clusters.connection import connect, paths
from clusters.errors import ApiRefused
from services.errors import UnknownContainer, UnknownWorkload
from services.models import Target
from services.workload import containers_of, main_container, pod_template
from web.errors import Invalid


def require_workload(target: Target) -> dict[str, Any]:
    """The Deployment that the target names, whole.

    Raises UnknownWorkload when there is none or it is being deleted, ClusterUnreachable, ApiRefused (no right to read).
    """
    try:
        found = connect(target.cluster).get(paths.deployment(target.namespace, target.workload))
    except ApiRefused as refusal:
        if not refusal.is_not_found:
            raise
        raise _unknown(
            target,
            _("Cluster %(cluster)s has no Deployment “%(workload)s” in namespace %(namespace)s."),
            _("Check the spelling, or give `create` to have it made."),
        ) from refusal
    if found.get("metadata", {}).get("deletionTimestamp"):
        raise _unknown(
            target,
            _("The Deployment “%(workload)s” in namespace %(namespace)s of cluster %(cluster)s is being deleted."),
            _("Wait until it is gone, or choose another one."),
        )
    return found


def require_container(target: Target, deployment: Mapping[str, Any]) -> str:
    """The name of the container that carries the service: the one the target asks for, else the Pod's main one.

    Raises UnknownContainer, listing those there are.
    """
    containers = containers_of(deployment)
    annotations = (pod_template(deployment).get("metadata") or {}).get("annotations") or {}
    found = main_container(containers, target.container, annotations)
    if found:
        return found
    names = ", ".join(str(container.get("name", "")) for container in containers) or "-"
    detail = _("Deployment “%(workload)s” has no container “%(container)s”. It has: %(names)s.") % {
        "workload": target.workload,
        "container": target.container,
        "names": names,
    }
    raise UnknownContainer(
        detail,
        errors=[{"pointer": "/container", "code": "unknown_container", "detail": detail}],
        cluster=target.cluster.name,
    )


def require_kubernetes_service(target: Target) -> None:
    """Raises Invalid when the target names a Kubernetes Service that the cluster does not have. "" asks for none."""
    if not target.kubernetes_service:
        return
    try:
        connect(target.cluster).get(paths.service(target.namespace, target.kubernetes_service))
    except ApiRefused as refusal:
        if not refusal.is_not_found:
            raise
        detail = _("Cluster %(cluster)s has no Kubernetes Service “%(service)s” in namespace %(namespace)s.") % {
            "cluster": target.cluster.name,
            "service": target.kubernetes_service,
            "namespace": target.namespace,
        }
        raise Invalid.at("/kubernetes_service", "unknown_kubernetes_service", detail) from refusal


def _unknown(target: Target, text: str, next_step: str) -> UnknownWorkload:
    detail = text % {"cluster": target.cluster.name, "workload": target.workload, "namespace": target.namespace}
    return UnknownWorkload(
        detail,
        errors=[{"pointer": "/workload", "code": "unknown_workload", "detail": detail}],
        next=next_step,
        cluster=target.cluster.name,
    )
