"""The fixes that checks show: exact, safe to read by a shell, and nothing of a hostile host in them."""

from __future__ import annotations

import subprocess

from installs.checks import destroys
from tests.installs.saying import facts, judged, on_control_plane, on_worker, probes, sections, without


def test_the_firewall_is_opened_for_exactly_the_ports_of_the_role_or_turned_off() -> None:
    found = on_control_plane("firewall", firewalld="running")
    worker = on_worker("firewall", firewalld="running")
    assert found.fix is not None and worker.fix is not None

    assert "firewall-cmd --permanent --add-port=6443/tcp" in found.fix.commands
    assert not [line for line in worker.fix.commands if "6443" in line or "2379" in line]
    assert "firewall-cmd --permanent --add-port=10250/tcp" in worker.fix.commands
    assert found.fix.alternatives[0].commands == ("systemctl disable --now firewalld",)


def test_a_firewall_whose_ports_are_open_is_no_matter() -> None:
    filtered = facts(1, firewalld="running")
    half = {"node-2": {"node-1": {"tcp/6443": "reached", "tcp/179": "silent"}}}

    assert judged(first=filtered)["node-1", "firewall"].status == "pass"
    assert judged(first=filtered, found=probes(ports=half))["node-1", "firewall"].status == "warn"


def test_only_a_reset_takes_data_away() -> None:
    cleaning = on_control_plane("clean_node", leftovers="/var/lib/etcd").fix
    forwarding = on_control_plane("sysctl", sysctl="net.ipv4.ip_forward=0").fix

    assert cleaning is not None and destroys(cleaning.id)
    assert forwarding is not None and not destroys(forwarding.id)


def test_fixes_are_shell_that_a_shell_reads_and_carry_nothing_of_the_host() -> None:
    evil = "$(touch owned);`id`"
    broken = facts(
        1,
        swaps="Filename Type Size\n/dev/sda5 partition 2097148",
        selinux="Enforcing",
        firewalld=f"running\n{evil}",
        sysctl="net.ipv4.ip_forward=0",
        modules="overlay=available\nbr_netfilter=available",
        tools=without("socat"),
        leftovers=f"/etc/kubernetes/kubelet.conf\n/etc/{evil}",
        hostname=evil,
        hostname_addresses="",
        machine_id=sections(2)["machine_id"],
        time_service=evil,
        units="",
        nftables=f"table inet {evil} {{\nchain {evil} {{\nhook input policy drop",
    )
    fixes = [one.fix for one in judged(first=broken, found=probes(ports={})).values() if one.fix]
    lines = [line for fix in fixes for one in (fix, *fix.alternatives) for line in one.commands]

    assert {"swap_off", "modules_and_sysctl", "selinux_permissive", "firewall_open_ports", "reset", "hostname"} <= {
        fix.id for fix in fixes
    }
    assert "touch owned" not in " ".join(lines) and "`id`" not in " ".join(lines)
    for line in lines:
        subprocess.run(["sh", "-n", "-c", line], check=True)
