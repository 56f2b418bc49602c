"""Names, clocks, ports and firewalls: how hosts see each other."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from installs import networks
from installs.checks import fixes
from installs.checks.seen import Finding, Seen, failed, listed, passed, skipped, unknown, warned
from installs.probing import ports_of
from installs.shapes import Fix

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_MOST_SECONDS_APART = 5
_GOOD_SECONDS_APART = 1
_PORTS = {
    "control_plane": (6443, 10259, 10257, 10250, 10256, 10248, 2379, 2380, 2381),
    "worker": (10250, 10256, 10248),
}
_FIRST_NODE_PORT = 30000
_PORTS_DOC = "https://kubernetes.io/docs/reference/networking/ports-and-protocols/"
_DNS_LOOP_DOC = "https://coredns.io/plugins/loop/#troubleshooting"


def firewall(seen: Seen) -> Finding:
    """None that is active, or one with the node's ports open."""
    expected = "no active firewall, or the node's ports open in it"
    found: dict[str, str] = seen.get("firewalls") or {}
    if not found:
        return passed("none is active", expected, doc=_PORTS_DOC)
    answers = [
        ports[seen.host.name] for ports in (seen.all.probes.get("ports") or {}).values() if seen.host.name in ports
    ]
    if answers and {state for ports in answers for state in ports.values()} == {"reached"}:
        return passed(f"{_words(found)}; the node's ports answer other hosts", expected, doc=_PORTS_DOC)
    ports: list[tuple[str, int | str]] = [
        (port.protocol, port.number) for port in ports_of(seen.config, seen.host) if port.number < _FIRST_NODE_PORT
    ]
    ports += [("tcp", "30000-32767"), ("udp", "30000-32767")]
    inner = [str(one) for one in networks.networks_of(f"{seen.config.pod_cidr},{seen.config.service_cidr}")]
    return warned(
        _words(found),
        expected,
        kubeadm_name="Firewalld" if "firewalld" in found else "",
        fix=_open_in(found, list(seen.get("nft_drop_chains") or []), ports, inner),
        doc=_PORTS_DOC,
    )


def _words(found: dict[str, str]) -> str:
    return "; ".join(f"{name}: {what}" for name, what in found.items())


def _open_in(found: dict[str, str], chains: list[str], ports: list[tuple[str, int | str]], inner: list[str]) -> Fix:
    if "firewalld" in found:
        return fixes.firewalld(ports, inner)
    if "ufw" in found:
        return fixes.ufw(ports, inner)
    name = "nftables" if "nftables" in found and chains else "iptables"
    chain = chains[0] if name == "nftables" else ""
    return fixes.packet_filter(chain, ports, inner, (fixes.firewall_off(name),))


def ports_free(seen: Seen) -> Finding:
    """Nobody listens where Kubernetes will."""
    wanted = _PORTS["control_plane" if seen.is_control_plane else "worker"]
    expected = f"nothing listens on {', '.join(map(str, wanted))}"
    if seen.is_member:
        return skipped("it is a node of this cluster already", expected, doc=_PORTS_DOC)
    busy = {
        one["port"]: one["process"] or "an unnamed process"
        for one in seen.get("listening") or []
        if one["protocol"] == "tcp" and one["port"] in wanted
    }
    if not busy:
        return passed("all free", expected, doc=_PORTS_DOC)
    is_ours = all(name.startswith(("kube", "etcd")) for name in busy.values())
    return failed(
        listed([f"{port} by {process}" for port, process in sorted(busy.items())], 12),
        expected,
        kubeadm_name=f"Port-{min(busy)}",
        fix=fixes.reset() if is_ours else None,
        doc=_PORTS_DOC,
    )


def ports_reachable(seen: Seen) -> Finding:
    """Tried from this host to each other one, with somebody listening there."""
    expected = "every port that the nodes use among each other answers"
    if len(seen.all.nodes) < 2:
        return skipped("there is no other host", expected, doc=_PORTS_DOC)
    tried: Any = seen.probe("ports")
    if not tried:
        return unknown("it was not tried", expected, doc=_PORTS_DOC)
    closed: list[str] = []
    untried: list[str] = []
    count = 0
    for other, ports in tried.items():
        for port, state in ports.items():
            count += 1
            if state in ("silent", "refused"):
                closed.append(f"{other} {port} {'does not answer' if state == 'silent' else 'is refused'}")
            elif state == "untried":
                untried.append(f"{other} {port}")
    if closed:
        return failed(listed(closed, 12), expected, doc=_PORTS_DOC)
    if untried:
        return unknown(f"could not be tried: {listed(untried, 12)}", expected, severity="warning", doc=_PORTS_DOC)
    return passed(f"{count} ports of {listed(list(tried))} answer", expected, doc=_PORTS_DOC)


def hostname(seen: Seen) -> Finding:
    """A name that nobody else has and that the machine itself can resolve; so for MAC and firmware id."""
    expected = f"{seen.host.name}, in lower case, resolved by the machine itself; name, MAC and product id unique"
    name = str(seen.get("hostname") or "")
    if not name:
        return unknown("the host did not say", expected, kubeadm_name="Hostname")
    resolves = bool(seen.get("hostname_addresses"))
    address = seen.address if networks.is_ip(seen.address) else ""
    fix: Fix | None = fixes.hostname(seen.host.name, address, name != seen.host.name)
    if name == seen.host.name and resolves:
        fix = None
    twins = _twins(seen, "hostname")
    if twins:
        return failed(f"{name}, as also {listed(twins)} is called", expected, kubeadm_name="Hostname", fix=fix)
    if not _LABEL.fullmatch(name):
        return failed(f"{name} is no RFC 1123 name in lower case", expected, kubeadm_name="Hostname", fix=fix)
    same = _same_hardware(seen)
    if same:
        return failed(same, expected)
    if not resolves:
        return failed(f"{name} does not resolve on the machine itself", expected, kubeadm_name="Hostname", fix=fix)
    if name != seen.host.name:
        return warned(f"{name}; the node will be called {seen.host.name}", expected, fix=fix)
    cloned = _twins(seen, "machine_id")
    if cloned:
        return warned(f"{name}; /etc/machine-id is that of {listed(cloned)}", expected, fix=fixes.machine_id())
    return passed(name, expected)


def _twins(seen: Seen, fact: str) -> list[str]:
    own = seen.get(fact)
    return [
        host.name
        for host in seen.all.nodes
        if own and host.name != seen.host.name and (seen.all.facts.get(host.name) or {}).get(fact) == own
    ]


def _same_hardware(seen: Seen) -> str:
    own = set((seen.get("macs") or {}).values())
    for host in seen.all.nodes:
        others = (seen.all.facts.get(host.name) or {}).get("macs") or {}
        if host.name != seen.host.name and own & set(others.values()):
            return f"MAC {min(own & set(others.values()))} is also that of {host.name}"
    # The firmware that a container sees is that of the machine beneath, the same for all.
    twins = [] if seen.is_container else _twins(seen, "product_uuid")
    return f"product_uuid {seen.get('product_uuid')} is also that of {listed(twins)}" if twins else ""


def time(seen: Seen) -> Finding:
    """Certificates and leases are only as good as the clocks. Who differs most from the portal is to blame."""
    expected = f"less than {_GOOD_SECONDS_APART} s from the other hosts and the portal; NTP or chrony active"
    fix = fixes.time_synchronised(str(seen.get("packages", "manager") or ""))
    clocks = {name: one for name, one in (seen.all.probes.get("clocks") or {}).items() if one}
    own = clocks.get(seen.host.name)
    if own is None:
        return unknown("it was not compared", expected)
    offset = own["offset"]
    away = max(abs(offset) - own["uncertainty"], 0)
    offsets = [one["offset"] for one in clocks.values()]
    spread = max(offsets) - min(offsets)
    # Between hosts, the one that is further from the portal is wrong.
    apart = spread if abs(offset) >= spread / 2 else 0
    observed = (
        f"{abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} the portal, hosts at most {spread:.1f} s apart"
    )
    uncertainty = max(one["uncertainty"] for one in clocks.values())
    worst = max(away, apart - 2 * uncertainty)
    if worst > _MOST_SECONDS_APART:
        return failed(observed, expected, fix=fix)
    if worst > _GOOD_SECONDS_APART:
        return warned(observed, expected, fix=fix)
    if seen.is_container:
        return passed(f"{observed}; the clock is that of the machine beneath", expected)
    if seen.get("time", "synchronised") is not True:
        return warned(f"{observed}; nothing keeps it so", expected, fix=fix)
    return passed(f"{observed}; kept by {seen.get('time', 'service') or 'NTP'}", expected)


def dns(seen: Seen) -> Finding:
    """A name server that is no loop for CoreDNS, and that knows the registry where images come from there."""
    expected = "a name server beyond the machine itself that resolves where images come from"
    servers, upstreams = list(seen.get("nameservers") or []), list(seen.get("stub_upstreams") or [])
    more = {"doc": _DNS_LOOP_DOC}
    if not servers:
        return failed("/etc/resolv.conf names no server", expected, **more)
    real = [one for one in servers if not _is_loopback(one)]
    if not real and not [one for one in upstreams if not _is_loopback(one)]:
        return failed(f"only {listed(servers)}: CoreDNS would ask itself", expected, **more)
    names: Any = seen.probe("names") or {}
    unresolved = sorted(name for name, address in names.items() if not address)
    if unresolved and not seen.config.bundle:
        return failed(f"{listed(real or upstreams)} does not resolve {listed(unresolved)}", expected, **more)
    return passed(listed(real or upstreams), expected, **more)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def address(seen: Seen) -> Finding:
    """The address that the node tells the others is one of its own, of the family that all use."""
    expected = "an address of an interface of the host, of the same family on all hosts, that does not change"
    own = list(seen.get("addresses") or [])
    if not own:
        return unknown("the host did not say", expected)
    chosen = seen.address
    if not chosen:
        return failed("the host has no address but local ones", expected)
    on = next((one for one in own if one["address"] == chosen), None)
    if on is None:
        return failed(f"{chosen} is on no interface", expected)
    families = {":" in seen.all.addresses[host.name] for host in seen.all.nodes if seen.all.addresses.get(host.name)}
    if len(families) > 1:
        return failed(f"{chosen} is {'IPv6' if ':' in chosen else 'IPv4'}, not so on all hosts", expected)
    observed = f"{chosen} on {on['interface']}"
    if networks.is_ip(seen.host.address) and chosen != seen.host.address:
        return warned(f"{seen.host.address} is on no interface; the other nodes will use {observed}", expected)
    if on["dynamic"]:
        return warned(f"{observed}, leased by DHCP: reserve it there", expected)
    return passed(observed, expected)


def proxy(seen: Seen) -> Finding:
    """What goes through a proxy must not be the cluster's own traffic."""
    expected = "no proxy, or the API's address and both networks in NO_PROXY"
    found: dict[str, str] = seen.get("proxy") or {}
    if not (found.get("HTTP_PROXY") or found.get("HTTPS_PROXY")):
        return passed("none", expected)
    spared = [one.strip() for one in found.get("NO_PROXY", "").split(",") if one.strip()]
    endpoint = seen.config.control_plane_endpoint.rpartition(":")[0].strip("[]") or (
        seen.all.addresses.get(first.name) or first.address
        if (first := next(iter(seen.all.control_planes), None))
        else ""
    )
    wanted = [endpoint, *seen.config.pod_cidr.split(","), *seen.config.service_cidr.split(",")]
    missing = [one for one in wanted if one and not _is_spared(one, spared)]
    observed = f"proxy {found.get('HTTPS_PROXY') or found.get('HTTP_PROXY')}"
    if missing:
        name = "HTTPProxy" if endpoint in missing else "HTTPProxyCIDR"
        return warned(f"{observed}; NO_PROXY lacks {listed(missing)}", expected, kubeadm_name=name)
    return passed(f"{observed}, not for {listed(wanted)}", expected)


def _is_spared(wanted: str, spared: list[str]) -> bool:
    network = networks.network_of(wanted)
    for one in spared:
        other = networks.network_of(one)
        if one in ("*", wanted):
            return True
        if network is not None and other is not None and network.version == other.version:
            if network.subnet_of(other):  # type: ignore[arg-type]
                return True
        elif network is None and wanted.endswith(f".{one.lstrip('.')}"):
            return True
    return False
