"""Networks of pods and services: what overlaps, and how much fits."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs.networks import NODE_MASKS, advertised, most_nodes, networks_of, overlaps, pods_of_a_node, problems
from installs.shapes import Config, Host

ADDRESSES = st.integers(0, 2**32 - 1)
NETWORKS = st.builds(
    lambda address, prefix: ipaddress.ip_network((address, prefix), strict=False), ADDRESSES, st.integers(1, 32)
)


def config(pods: str = "10.244.0.0/16", services: str = "10.96.0.0/12") -> Config:
    return Config(name="shop", kubernetes_version="v1.37.2", pod_cidr=pods, service_cidr=services)


@pytest.mark.parametrize(
    ("pods", "services", "nodes", "said"),
    [
        ("10.244.0.0/16", "10.96.0.0/12", 256, ""),
        ("10.244.0.0/16", "10.96.0.0/12", 257, "room for 256 nodes"),
        ("10.244.0.0/24", "10.96.0.0/12", 1, ""),
        ("10.244.0.0/25", "10.96.0.0/12", 1, "room for 0 nodes"),
        ("10.244.0.0/29", "10.96.0.0/12", 1, "8 addresses; at least 14"),
        ("11.0.0.0/8", "10.96.0.0/12", 3, ""),
        ("8.0.0.0/7", "10.96.0.0/12", 3, "too wide"),
        ("10.244.0.0/16", "10.0.0.0/11", 3, "at most a /12"),
        ("10.244.0.0/16", "10.96.0.0/28", 3, ""),
        ("10.244.0.0/16", "10.96.0.0/29", 3, "8 addresses; at least 10"),
        ("10.96.0.0/16", "10.96.0.0/12", 3, "overlap"),
        ("10.244.0.0", "10.96.0.0/12", 257, "1 addresses"),
        ("10.244.0.1/16", "10.96.0.0/12", 3, "is no network for pods"),
        ("$(id)", "10.96.0.0/12", 3, "is no network for pods"),
        ("fd00:10::/56", "fd00:20::/112", 200, ""),
        ("fd00:10::/56", "fd00:20::/107", 3, "at most a /108"),
        ("fd00:10::/47", "fd00:20::/112", 3, "too wide"),
        ("10.244.0.0/16,fd00:10::/56", "10.96.0.0/12,fd00:20::/112", 3, ""),
        ("10.244.0.0/16,fd00:10::/56", "10.96.0.0/12", 3, "same families"),
    ],
)
def test_what_is_wrong_with_networks_by_themselves(pods: str, services: str, nodes: int, said: str) -> None:
    found = " ".join(problems(config(pods, services), nodes))

    assert (said in found) if said else (found == "")


@given(NETWORKS, NETWORKS)
def test_networks_overlap_when_an_address_is_in_both(one: ipaddress.IPv4Network, other: ipaddress.IPv4Network) -> None:
    shares = int(one[0]) <= int(other[-1]) and int(other[0]) <= int(one[-1])

    assert bool(overlaps(str(one), [str(other)])) == shares
    assert bool(overlaps(str(other), [str(one)])) == shares


@given(NETWORKS)
def test_networks_of_different_families_never_overlap(one: ipaddress.IPv4Network) -> None:
    assert overlaps(str(one), ["::/1", "fd00::/8"]) == []


@given(st.integers(8, 24), st.integers(1, 70_000))
def test_as_many_nodes_fit_as_there_are_shares(prefix: int, nodes: int) -> None:
    pods = ipaddress.ip_network((0x0A000000 if prefix >= 8 else 0, prefix), strict=False)
    fits = nodes <= len(range(0, pods.num_addresses, 2 ** (32 - NODE_MASKS[4])))

    assert (problems(config(str(pods), "192.168.0.0/20"), nodes) == []) == fits
    assert most_nodes(pods) * 256 == pods.num_addresses


def test_a_nodes_share_holds_all_pods_that_a_kubelet_runs() -> None:
    assert pods_of_a_node(4) == 254 >= 110
    assert pods_of_a_node(6) > 110


@given(st.text(max_size=60))
def test_any_text_is_a_network_or_none(text: str) -> None:
    assert networks_of(text) == [] or "/" in text or text.strip()
    assert isinstance(problems(config(text, text), 3), list)


def test_the_address_that_others_use() -> None:
    def carries(*addresses: str) -> dict[str, object]:
        listed = [{"address": one, "interface": "eth0", "scope": "global"} for one in addresses]
        return {"addresses": listed, "default_addresses": {"ipv4": addresses[0]} if addresses else {}}

    host = Host("a", "192.0.2.1", "worker")

    assert advertised(host, carries("10.0.0.1", "192.0.2.1")) == "192.0.2.1"
    assert advertised(host, carries("10.0.0.1")) == "10.0.0.1"
    assert advertised(Host("a", "a.example.com", "worker"), carries("10.0.0.1", "10.1.0.1")) == "10.0.0.1"
    assert advertised(host, {}) == ""
