"""KubeKey's files: its Inventory of hosts and groups, and the older Cluster that holds both in one.

    apiVersion: kubekey.kubesphere.io/v1
    kind: Inventory
    spec:
      hosts:
        cp-1:
          connector: {type: ssh, host: 10.0.0.1, port: 22, user: root}
      groups:
        kube_control_plane: {hosts: [cp-1]}

A jump host has no place in them and is left out of what is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from installs.inventory.gathered import MOST_HOSTS, Gathered, Inventory, InventoryRefused, shown
from installs.inventory.yaml_text import as_yaml, list_of, mapping_of
from installs.shapes import Config, Host

PREFIX = "kubekey.kubesphere.io/"
_SECRETS = ("password", "private_key", "privateKey", "privateKeyPath")
_RANGE = re.compile(r"([A-Za-z0-9.-]{0,60})\[(\d{1,4}):(\d{1,4})\]")


def read(document: dict[str, Any]) -> Inventory:
    """The inventory in the document. Raises InventoryRefused."""
    kind = document.get("kind")
    spec = mapping_of(document, "spec")
    if kind == "Inventory":
        return _of_inventory(spec)
    if kind == "Cluster":
        return _of_cluster(spec)
    raise InventoryRefused(f"KubeKey's {shown(kind)} holds no hosts: Inventory or Cluster is expected.")


def _of_inventory(spec: dict[str, Any]) -> Inventory:
    gathered = Gathered()
    hosts, groups = mapping_of(spec, "hosts"), mapping_of(spec, "groups")
    roles = dict.fromkeys(_members(groups, "kube_worker"), "worker")
    roles |= dict.fromkeys(_members(groups, "kube_control_plane"), "control_plane")
    for name, host in hosts.items():
        if not isinstance(host, dict):
            raise InventoryRefused(f"The host {shown(name)} is no mapping.")
        connector = mapping_of(host, "connector")
        if name not in roles:
            gathered.note(f"{shown(name)} is in no group of a cluster and was left out.")
            continue
        _note(gathered, name, connector)
        address = connector.get("host") or host.get("internal_ipv4") or name
        gathered.host(name, address, roles[name], connector.get("port") or "22", connector.get("user") or "root")
    return gathered.done()


def _members(groups: dict[str, Any], name: str, depth: int = 0) -> list[str]:
    group = groups.get(name)
    if not isinstance(group, dict) or depth > 4:
        return []
    members = [str(one) for one in list_of(group, "hosts")]
    for inner in list_of(group, "groups")[:16]:
        members += _members(groups, str(inner), depth + 1)
    return members[:MOST_HOSTS]


def _of_cluster(spec: dict[str, Any]) -> Inventory:
    gathered = Gathered()
    groups = mapping_of(spec, "roleGroups")
    control_planes = _named(groups, "control-plane") or _named(groups, "master")
    roles = dict.fromkeys(_named(groups, "worker"), "worker") | dict.fromkeys(control_planes, "control_plane")
    for host in list_of(spec, "hosts"):
        if not isinstance(host, dict):
            raise InventoryRefused("A host is no mapping.")
        name = str(host.get("name", ""))
        if name not in roles:
            gathered.note(f"{shown(name)} has no role of a cluster and was left out.")
            continue
        _note(gathered, name, host)
        address = host.get("address") or host.get("internalAddress") or name
        gathered.host(name, address, roles[name], host.get("port") or "22", host.get("user") or "root")
    gathered.fields(_fields(spec))
    return gathered.done()


def _named(groups: dict[str, Any], group: str) -> list[str]:
    """The names of a role group; `node[1:3]` is three."""
    found: list[str] = []
    for one in list_of(groups, group):
        span = _RANGE.fullmatch(str(one))
        numbers = range(int(span[2]), int(span[3]) + 1) if span else ()
        if len(numbers) > MOST_HOSTS:
            raise InventoryRefused(f"There are more than {MOST_HOSTS} hosts.")
        found += [f"{span[1]}{number}" for number in numbers] if span else [str(one)]
    return found


def _fields(spec: dict[str, Any]) -> dict[str, str]:
    kubernetes, network = mapping_of(spec, "kubernetes"), mapping_of(spec, "network")
    endpoint = mapping_of(spec, "controlPlaneEndpoint")
    at = endpoint.get("address") or (endpoint.get("domain") if endpoint.get("domain") != "lb.kubesphere.local" else "")
    given = {
        "kubernetes_version": kubernetes.get("version"),
        "dns_domain": kubernetes.get("clusterName"),
        "pod_cidr": network.get("kubePodsCIDR"),
        "service_cidr": network.get("kubeServiceCIDR"),
        "cni": network.get("plugin"),
        "control_plane_endpoint": f"{at}:{endpoint.get('port') or '6443'}" if at else "",
    }
    return {name: value for name, value in given.items() if value}


def _note(gathered: Gathered, name: str, fields: dict[str, Any]) -> None:
    for one in _SECRETS:
        if fields.get(one):
            gathered.note(f"{one} of {shown(name)} was left out: give key or password in the form.")


def write(_config: Config, hosts: Sequence[Host]) -> str:
    """The hosts as an Inventory."""
    nodes = [one for one in hosts if one.role != "jump"]
    named = {role: [one.name for one in nodes if one.role == role] for role in ("control_plane", "worker")}
    return as_yaml(
        {
            "apiVersion": f"{PREFIX}v1",
            "kind": "Inventory",
            "metadata": {"name": "default"},
            "spec": {
                "hosts": {
                    one.name: {"connector": {"type": "ssh", "host": one.address, "port": one.port, "user": one.user}}
                    for one in nodes
                },
                "groups": {
                    "k8s_cluster": {"groups": ["kube_control_plane", "kube_worker"]},
                    "kube_control_plane": {"hosts": named["control_plane"]},
                    "kube_worker": {"hosts": named["worker"]},
                    "etcd": {"hosts": list(named["control_plane"])},
                },
            },
        }
    )
