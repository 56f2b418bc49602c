"""What `kubectl cluster-info` prints and whether the versions of a cluster go together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

# Kubernetes version skew policy: a kubelet may be three minor versions older than the API server, never newer.
OLDEST_KUBELET = 3

_MINOR = re.compile(r"^v?(\d+)\.(\d+)")


def cluster_info_lines(api_url: str, services: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """[{name, url}]: the control plane and each Service of kube-system that is labelled as a cluster service.

    `services` have name, labels and slim, as observed. The URLs are those that kubectl prints.
    """
    lines = [{"name": "Kubernetes control plane", "url": api_url}]
    for service in services:
        name = service["labels"].get("kubernetes.io/name") or service["name"]
        lines.append(
            {"name": name, "url": f"{api_url}/api/v1/namespaces/kube-system/services/{_proxied(service)}/proxy"}
        )
    return lines


def _proxied(service: Mapping[str, Any]) -> str:
    """`https:name:port` as the API server's proxy wants it; kubectl names the first port."""
    ports = service["slim"].get("ports") or []
    if not ports:
        return str(service["name"])
    first = ports[0]
    scheme = "https:" if first["name"] == "https" or first["port"] == 443 else ""
    return f"{scheme}{service['name']}:{first['name']}" if scheme or first["name"] else str(service["name"])


def minor(version: str) -> tuple[int, int] | None:
    """(1, 37) of "v1.37.2-gke.1", None when it is no version."""
    found = _MINOR.match(version)
    return (int(found[1]), int(found[2])) if found else None


def skew_warnings(server: str, nodes: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """[{node, code, detail, next}] for kubelets that the version skew policy does not allow beside this API server.

    `nodes` have name and kubelet_version. Nothing is said about versions that cannot be read.
    """
    api = minor(server)
    if api is None:
        return []
    warnings = []
    for node in nodes:
        kubelet = minor(node["kubelet_version"])
        if kubelet is None or kubelet[0] != api[0]:
            continue
        behind = api[1] - kubelet[1]
        values = {"node": node["name"], "kubelet": node["kubelet_version"], "server": server, "behind": behind}
        if behind < 0:
            detail = _("The kubelet of %(node)s is %(kubelet)s, newer than the API server (%(server)s).") % values
            next_step = _("A kubelet is never newer than its API server: upgrade the control plane first.")
            warnings.append({"node": node["name"], "code": "kubelet_newer", "detail": detail, "next": next_step})
        elif behind > OLDEST_KUBELET:
            detail = _("The kubelet of %(node)s is %(kubelet)s, %(behind)d minor versions behind %(server)s.") % values
            next_step = _("At most %(most)d minor versions are supported: drain this node and upgrade its kubelet.") % {
                "most": OLDEST_KUBELET
            }
            warnings.append({"node": node["name"], "code": "kubelet_too_old", "detail": detail, "next": next_step})
    return warnings
