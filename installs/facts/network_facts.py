"""Addresses, routes, what listens, firewalls, names and proxies."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from installs.facts.limits import MOST_ITEMS, clean, pairs

_INTERFACE = re.compile(r"[A-Za-z0-9_.@:-]{1,32}")
_ADDRESS_LINE = re.compile(r"\d+: (\S{1,32})\s+inet6? (\S{1,64})")
# Bridges and tunnels of container networks: their addresses are made up, on some systems the same on every host.
_MADE_BY_SOFTWARE = re.compile(r"docker|br-|cni|veth|virbr|flannel|kube-|cali|tunl|dummy|lxc|cilium|nodelocal|vxlan")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_CHAIN = re.compile(r"(?:ip|ip6|inet) [A-Za-z0-9_.-]{1,64} [A-Za-z0-9_.-]{1,64}")
_USERS = re.compile(r'\(\("([^"]{1,64})"')
# A listener of installs.probing that nobody has stopped yet.
_OUR_LISTENER = "slipway-listen"
_LISTENING_STATE = "0A"


def read(lines: Callable[[str], list[str]], units: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The keys firewalls, listening, hostname_addresses, macs, names, addresses, routes, proxy and bridges."""
    addresses = _addresses(lines("addresses"))
    return {
        "selinux": _selinux(lines("selinux")),
        "firewalls": _firewalls(lines, units),
        "nft_drop_chains": _dropping_chains(lines("nftables")),
        "listening": _listening(lines("sockets"), lines("sockets_raw")),
        "hostname_addresses": sorted({found for line in lines("hostname_addresses") if (found := _ip(line))})[:16],
        "macs": _macs(lines("links"), {one["interface"] for one in addresses if one["scope"] == "global"}),
        "nameservers": _words(lines("nameservers"), "nameserver"),
        "search": _words(lines("nameservers"), "search"),
        "stub_upstreams": _words(lines("stub_upstreams"), "nameserver"),
        "addresses": addresses,
        "default_addresses": _default_addresses(lines("default_addresses")),
        "routes": _routes(lines("routes")),
        "proxy": _proxy(lines("proxy")),
        "bridges": {one["interface"]: one["network"] for one in addresses if one["interface"] == "docker0"},
    }


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address((text.split() or [""])[0]))
    except ValueError:
        return ""


def _words(lines: list[str], name: str) -> list[str]:
    found: list[str] = []
    for line in lines[:MOST_ITEMS]:
        fields = line.split()
        if fields and fields[0] == name:
            found.extend(clean(word, 80) for word in fields[1:8])
    return found[:16]


def _selinux(lines: list[str]) -> str:
    said = lines[0].strip().lower() if lines else ""
    said = {"1": "enforcing", "0": "permissive"}.get(said, said)
    return said if said in ("enforcing", "permissive", "disabled") else ""


def _firewalls(lines: Callable[[str], list[str]], units: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    found = {}
    if "running" in [line.strip() for line in lines("firewalld")] or units.get("firewalld", ("",))[0] == "active":
        found["firewalld"] = clean(", ".join(["running", *(line.strip() for line in lines("firewalld")[1:3])]))
    ufw = [line.strip() for line in lines("ufw")]
    if "Status: active" in ufw:
        found["ufw"] = clean(f"active with {max(0, len(ufw) - 3)} rules")
    dropping = _dropping_chains(lines("nftables"))
    if dropping:
        found["nftables"] = clean(f"policy drop in {', '.join(dropping[:4])}")
    policies = [line.strip() for line in lines("iptables") if re.fullmatch(r"-P INPUT (DROP|REJECT)", line.strip())]
    # On most systems of today iptables only shows what nftables has: the same policy is named once.
    if policies and "nftables" not in found and "ufw" not in found:
        found["iptables"] = clean("; ".join(policies))
    return found


def _dropping_chains(lines: list[str]) -> list[str]:
    """`inet filter input`: the chains of input that drop what no rule accepts."""
    table = chain = ""
    found: list[str] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["table"] and len(words) >= 3:
            table = f"{words[1]} {words[2]}"
        elif words[:1] == ["chain"] and len(words) >= 2:
            chain = f"{table} {words[1]}"
        elif "hook input" in line and "policy drop" in line and _CHAIN.fullmatch(chain) and len(found) < 8:
            found.append(chain)
    return found


def _listening(said: list[str], raw: list[str]) -> list[dict[str, Any]]:
    found = []
    for line in said[:MOST_ITEMS]:
        fields = line.split()
        protocol = fields[0].rstrip("6") if fields else ""
        if protocol not in ("tcp", "udp"):
            # `ss -ltunp` without a heading, or a line of something else.
            continue
        # The local address is ss's fifth column and netstat's fourth.
        local = next((field for field in fields[3:5] if re.fullmatch(r"\S*:\d{1,5}", field)), "")
        address, _colon, number = local.rpartition(":")
        if not local:
            continue
        users = _USERS.search(line)
        netstat = re.search(r"\s\d+/(\S{1,64})", line)
        process = users[1] if users else netstat[1] if netstat else ""
        if process == _OUR_LISTENER:
            continue
        found.append(
            {
                "protocol": protocol,
                "address": clean(address.strip("[]"), 64),
                "port": int(number),
                "process": clean(process, 64),
            }
        )
    for line in raw[: MOST_ITEMS * 4]:
        fields = line.split()
        # /proc/net: protocol, number, local address in hexadecimal, remote address, state.
        if len(fields) > 4 and re.fullmatch(r"[0-9A-F]{8,32}:[0-9A-F]{4}", fields[2]):
            protocol = fields[0].rstrip("6")
            if (protocol == "tcp" and fields[4] == _LISTENING_STATE) or protocol == "udp":
                port = int(fields[2].rpartition(":")[2], 16)
                found.append({"protocol": protocol, "address": "", "port": port, "process": ""})
    return found[: MOST_ITEMS * 4]


def _addresses(lines: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for line in lines[: MOST_ITEMS * 4]:
        said = _ADDRESS_LINE.match(line)
        if said is None or len(found) >= MOST_ITEMS:
            continue
        try:
            interface = ipaddress.ip_interface(said[2])
        except ValueError:
            continue
        words = line.split("\\")[0].split()
        local = interface.ip.is_loopback or interface.ip.is_link_local
        found.append(
            {
                "interface": clean(said[1].partition("@")[0], 32),
                "address": str(interface.ip),
                "prefix": interface.network.prefixlen,
                "network": str(interface.network),
                "family": interface.version,
                "scope": "local" if local else "global",
                "dynamic": "dynamic" in words,
            }
        )
    return found


def _macs(lines: list[str], interfaces: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines[: MOST_ITEMS * 4]:
        name = line.partition(": ")[2].partition(":")[0].partition("@")[0]
        mac = _MAC.search(line.partition("link/ether ")[2][:17])
        if mac and name in interfaces and not _MADE_BY_SOFTWARE.match(name) and len(found) < 32:
            found[clean(name, 32)] = mac[0]
    return found


def _default_addresses(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines[:4]:
        source = re.search(r"\bsrc (\S{2,45})", line)
        address = _ip(source[1]) if source else ""
        if address:
            found.setdefault("ipv6" if ":" in address else "ipv4", address)
    return found


def _routes(lines: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for line in lines[: MOST_ITEMS * 4]:
        fields = line.split()
        if not fields or fields[0] == "default" or len(found) >= MOST_ITEMS:
            continue
        target = fields[1] if fields[0] in ("unreachable", "blackhole", "local") and len(fields) > 1 else fields[0]
        try:
            network = ipaddress.ip_network(target, strict=False)
        except ValueError:
            continue
        after = dict(pairwise(fields))
        device = after.get("dev", "")
        if network.is_link_local or network.is_multicast or network.prefixlen == 0:
            continue
        found.append({"network": str(network), "interface": device if _INTERFACE.fullmatch(device) else ""})
    return found


def _proxy(lines: list[str]) -> dict[str, str]:
    said = pairs(line.removeprefix("export ") for line in lines)
    return {
        name.upper(): _without_password(value.strip("\"'"))
        for name, value in said.items()
        if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    }


def _without_password(value: str) -> str:
    return re.sub(r"//[^/@]*@", "//•••@", value)
