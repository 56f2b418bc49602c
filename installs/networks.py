"""Networks of pods, services and hosts: what overlaps, and how many nodes and pods fit. Plain arithmetic.

Worked numbers: pods 10.244.0.0/16 with a /24 for each node are 2^8 = 256 nodes of 2^8 - 2 = 254 addresses each, room
for the kubelet's 110 pods; services 10.96.0.0/12 are 2^20 addresses, the most that the API server accepts for IPv4.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from installs.shapes import Config, Host

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# kube-controller-manager's own masks of a node's share of the pod network.
NODE_MASKS = {4: 24, 6: 64}
MAX_PODS = 110
_LEAST_POD_ADDRESSES = 14
_LEAST_SERVICE_ADDRESSES = 10
_WIDEST_SERVICE_PREFIX = {4: 12, 6: 108}
# The bitmap of the controller manager's allocator holds no more node networks than 2^16.
_MOST_MASK_DIFFERENCE = 16


def networks_of(cidrs: str) -> list[Network]:
    """The networks of a comma-separated list; [] if any of them is none."""
    try:
        return [ipaddress.ip_network(one.strip()) for one in cidrs.split(",")]
    except ValueError:
        return []


def network_of(text: Any) -> Network | None:
    """The network, host bits forgiven; None for anything else."""
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def overlap(one: Network, other: Network) -> bool:
    """Whether an address is in both. Networks of different families never overlap."""
    return one.version == other.version and one.overlaps(other)


def overlaps(ours: str, others: Iterable[str]) -> list[tuple[str, str]]:
    """Which of our networks (comma-separated) overlaps which of the others, in order. Default routes do not count."""
    own, found = networks_of(ours), []
    for text in others:
        other = network_of(text)
        if other is None or other.prefixlen == 0:
            continue
        found += [(str(one), str(other)) for one in own if overlap(one, other)]
    return found


def most_nodes(pods: Network) -> int:
    """How many nodes get a share of the pod network; 0 where not even one does."""
    spare = NODE_MASKS[pods.version] - pods.prefixlen
    return 0 if spare < 0 else int(2**spare)


def pods_of_a_node(version: int) -> int:
    """How many addresses a node's share has for pods."""
    bits = 32 if version == 4 else 128
    return int(2 ** (bits - NODE_MASKS[version])) - 2


def problems(config: Config, node_count: int) -> list[str]:
    """What is wrong with the pod and service networks by themselves, as sentences; [] when nothing is."""
    pods, services = networks_of(config.pod_cidr), networks_of(config.service_cidr)
    found = []
    if not pods:
        found.append(f"“{config.pod_cidr[:80]}” is no network for pods.")
    if not services:
        found.append(f"“{config.service_cidr[:80]}” is no network for services.")
    for one in pods:
        found += _pod_problems(one, node_count)
    for one in services:
        found += _service_problems(one)
    if pods and services and {one.version for one in pods} != {one.version for one in services}:
        found.append("Pods and services need networks of the same families.")
    found += [
        f"Pods {ours} and services {other} overlap."
        for ours, other in overlaps(config.pod_cidr, config.service_cidr.split(","))
    ]
    return found


def _pod_problems(pods: Network, node_count: int) -> list[str]:
    mask = NODE_MASKS[pods.version]
    if pods.num_addresses < _LEAST_POD_ADDRESSES:
        return [f"Pods {pods} has {pods.num_addresses} addresses; at least {_LEAST_POD_ADDRESSES} are needed."]
    if mask - pods.prefixlen > _MOST_MASK_DIFFERENCE:
        return [
            f"Pods {pods} is too wide: with a /{mask} per node it may be at most a /{mask - _MOST_MASK_DIFFERENCE}."
        ]
    if most_nodes(pods) < max(node_count, 1):
        return [f"Pods {pods} has room for {most_nodes(pods)} nodes with a /{mask} each; {node_count} are asked for."]
    return []


def _service_problems(services: Network) -> list[str]:
    widest = _WIDEST_SERVICE_PREFIX[services.version]
    if services.num_addresses < _LEAST_SERVICE_ADDRESSES:
        count = services.num_addresses
        return [f"Services {services} has {count} addresses; at least {_LEAST_SERVICE_ADDRESSES} are needed."]
    if services.prefixlen < widest:
        return [f"Services {services} is too wide: the API server accepts at most a /{widest}."]
    return []


def is_ip(text: str) -> bool:
    """Whether the text is an address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def advertised(host: Host, facts: Mapping[str, Any]) -> str:
    """The address under which the other nodes reach this one, "" where none is known.

    The address that the user gave, where the host has it; otherwise (a name, an address in front of NAT) the one of
    the host's default route, then any that is not local.
    """
    own = [str(one.get("address", "")) for one in facts.get("addresses") or () if one.get("scope") == "global"]
    if host.address in own:
        return host.address
    defaults = facts.get("default_addresses") or {}
    return str(defaults.get("ipv4") or defaults.get("ipv6") or (own[0] if own else ""))
