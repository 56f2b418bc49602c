"""All checks of all hosts. Never stops at the first that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from installs.checks import cluster, machine, network, storage, system
from installs.checks.seen import All, Finding, Rule, Seen, WholeRule, failed, passed, unknown
from installs.networks import advertised
from installs.shapes import CheckResult, Config, Facts, Host, Surroundings

# In the order of the table in docs/installs.md.
HOST_RULES: dict[str, Rule] = {
    "ssh": machine.ssh,
    "privileges": machine.privileges,
    "os": machine.os,
    "architecture": machine.architecture,
    "cpu": machine.cpu,
    "memory": machine.memory,
    "disk": storage.disk,
    "etcd_disk": storage.etcd_disk,
    "kernel": machine.kernel,
    "kernel_config": machine.kernel_config,
    "cgroup": machine.cgroup,
    "swap": storage.swap,
    "selinux": system.selinux,
    "firewall": network.firewall,
    "ports_free": network.ports_free,
    "ports_reachable": network.ports_reachable,
    "sysctl": system.sysctl,
    "tools": system.tools,
    "runtime": system.runtime,
    "packages": system.packages,
    "clean_node": system.clean_node,
    "hostname": network.hostname,
    "time": network.time,
    "dns": network.dns,
    "address": network.address,
    "networks": cluster.networks_of_host,
    "proxy": network.proxy,
}
WHOLE_RULES: dict[str, WholeRule] = {
    "networks": cluster.networks_together,
    "control_plane_count": cluster.control_plane_count,
    "images": cluster.images,
    "cni": cluster.cni,
    "external_etcd": cluster.external_etcd,
    "rejoin": cluster.rejoin,
}
_SSH_EXPECTED = "SSH answers within 5 s with the confirmed host key"


def judge(
    config: Config,
    hosts: Sequence[Host],
    facts: Mapping[str, Facts | None],
    probes: Mapping[str, Any],
    surroundings: Surroundings,
) -> list[CheckResult]:
    """The result of every check on every host, then those of the install as a whole (host "").

    `probes` holds what was tried from outside or between hosts, each part optional:
    `unreachable` {host: reason}, `host_keys` {host: problem}, `privileges` {host: problem},
    `ports` and `clocks` {host: ...} as installs.probing.read and installs.probing.clock answer them,
    `names` {host: {name: address or ""}}, `images` {host: problem or ""}, `bundle` (a problem, "" for a bundle that
    was verified), `bundle_architecture`, and `members`, the names of hosts that are nodes of this cluster already.
    """
    addresses = {host.name: advertised(host, facts.get(host.name) or {}) for host in hosts}
    everything = All(config, hosts, facts, probes, surroundings, addresses)
    results: list[CheckResult] = []
    for host in hosts:
        results += _of_host(everything, host)
    return results + [_tried(rule, everything).named("", name) for name, rule in WHOLE_RULES.items()]


def _of_host(everything: All, host: Host) -> list[CheckResult]:
    facts = everything.facts.get(host.name)
    refused = everything.probe("privileges", host.name)
    reason = everything.probe("host_keys", host.name) or (not refused and everything.probe("unreachable", host.name))
    if host.role == "jump":
        return [_reached(str(reason or "")).named(host.name, "ssh")]
    if facts is not None and not reason and not refused:
        seen = Seen(everything, host, facts)
        return [_tried(rule, seen).named(host.name, name) for name, rule in HOST_RULES.items()]
    why = str(reason or refused or "the host was not asked yet")
    found = {name: unknown(why, "the host has to be reached first") for name in HOST_RULES}
    found["ssh"] = _reached("" if refused and not reason else why)
    if refused and not reason:
        found["privileges"] = failed(
            str(refused), "commands run as root, directly or by sudo", kubeadm_name="IsPrivilegedUser"
        )
    return [finding.named(host.name, name) for name, finding in found.items()]


def _reached(problem: str) -> Finding:
    return failed(problem, _SSH_EXPECTED) if problem else passed("reached, host key as confirmed", _SSH_EXPECTED)


def _tried(rule: Any, about: Any) -> Finding:
    """A rule that facts of an unheard-of shape break says so, and no other check is lost with it."""
    try:
        finding: Finding = rule(about)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        return unknown(
            f"the facts of the host cannot be judged ({type(error).__name__})", "facts as the script reads them"
        )
    return finding
