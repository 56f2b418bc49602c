"""Facts, probes and checks against real machines: sound ones pass, broken ones fail for what was broken, fixes mend."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from installs.checks import judge
from installs.facts import SCRIPT, parse
from installs.probing import (
    CLOCK_SCRIPT,
    STOP_SCRIPT,
    clock,
    listening_script,
    ports_of,
    reaching_script,
    read,
    targets_of,
)
from installs.shapes import CheckResult, Config, Host, Surroundings
from sandbox.hosts.machines import Machines
from tests.machines import machines_of

pytestmark = pytest.mark.timeout(600)

CONFIG = Config("shop", "v1.37.2", bundle="sandbox")
Results = dict[tuple[str, str], CheckResult]


class Site:
    """Two machines: a control plane and a worker, checked over plain ssh."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        told = machines.status()["machines"]
        self.hosts = [
            Host(one["name"], one["address"], role)
            for one, role in zip(told, ("control_plane", "worker"), strict=True)  # type: ignore[arg-type]
        ]

    def everywhere(self, script_of: object) -> dict[str, str]:
        """What a script printed on each host, side by side."""
        with ThreadPoolExecutor() as at_once:
            ran = at_once.map(lambda host: self.on(host, script_of(host)), self.hosts)  # type: ignore[operator]
            return dict(zip([host.name for host in self.hosts], ran, strict=True))

    def on(self, host: Host, script: str) -> str:
        return self.machines.run(self.hosts.index(host) + 1, script)

    def judged(self) -> Results:
        """All results, as a preflight has them."""
        facts = {name: parse(said) for name, said in self.everywhere(lambda host: SCRIPT).items()}
        assert all(one["complete"] for one in facts.values())
        targets = {host.name: targets_of(CONFIG, host, self.hosts, facts) for host in self.hosts}
        listening = self.everywhere(lambda host: listening_script(ports_of(CONFIG, host)))
        reaching = self.everywhere(lambda host: reaching_script(targets[host.name]))
        self.everywhere(lambda host: STOP_SCRIPT)
        probes = {
            "ports": read(listening, reaching, targets),
            "clocks": {host.name: self.clock_of(host) for host in self.hosts},
            "bundle": "",
        }
        found = judge(CONFIG, self.hosts, facts, probes, Surroundings())
        return {(one.host, one.check): one for one in found}

    def clock_of(self, host: Host) -> dict[str, float] | None:
        before = time.time()
        said = self.on(host, CLOCK_SCRIPT)
        return clock([(before, said, time.time())])

    def mend(self, result: CheckResult) -> None:
        """Run the fix as it was shown."""
        assert result.fix is not None
        host = next(host for host in self.hosts if host.name == result.host)
        self.on(host, "set -e\n" + "\n".join(result.fix.commands))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Machines that forward packets: the one thing that new machines do not do, mended by the fix of the check."""
    with machines_of(tmp_path_factory.mktemp("home"), 2) as machines:
        site = Site(machines)
        new = site.judged()
        assert {key for key, one in new.items() if one.status == "fail"} == {
            ("machine-1", "sysctl"),
            ("machine-2", "sysctl"),
        }
        for host in site.hosts:
            site.mend(new[host.name, "sysctl"])
        yield site


def wrong(results: Results) -> dict[tuple[str, str], str]:
    """What is neither well nor beside the point, but for what this computer is: its control groups, its full disk."""
    return {
        key: one.status
        for key, one in results.items()
        if one.status not in ("pass", "skip")
        and key[1] not in ("cgroup", "control_plane_count")
        and (key[1], one.status) != ("disk", "warn")
    }


def test_sound_machines_pass(site: Site) -> None:
    assert wrong(site.judged()) == {}


@pytest.mark.parametrize(
    ("number", "fault", "found", "is_mended"),
    [
        (1, "ip_forward", {("machine-1", "sysctl"): "fail"}, True),
        (1, "api_port", {("machine-1", "ports_free"): "fail"}, False),
        (2, "api_port", {}, False),
        (2, "kubelet_port", {("machine-2", "ports_free"): "fail"}, False),
        (2, "hostname", {("machine-1", "hostname"): "fail", ("machine-2", "hostname"): "fail"}, True),
        (2, "dns", {("machine-2", "dns"): "fail"}, False),
        (1, "tools", {("machine-1", "tools"): "fail"}, False),
        (1, "leftovers", {("machine-1", "clean_node"): "fail"}, True),
        (1, "firewall", {("machine-1", "firewall"): "warn", ("machine-2", "ports_reachable"): "fail"}, True),
        (1, "disk", {("machine-1", "disk"): "fail"}, False),
        (2, "disk", {}, False),
    ],
)
def test_a_broken_machine_fails_for_what_was_broken(
    site: Site, number: int, fault: str, found: dict[tuple[str, str], str], is_mended: bool
) -> None:
    site.machines.spoil(number, fault)
    try:
        results = site.judged()
        assert wrong(results) == found
        if is_mended:
            for key in found:
                if results[key].fix is not None:
                    site.mend(results[key])
            assert wrong(site.judged()) == {}
    finally:
        site.machines.mend(number, fault)


def test_checking_twice_in_a_row_finds_no_listener_of_our_own(site: Site) -> None:
    site.judged()

    assert wrong(site.judged()) == {}
    assert "slipway" not in site.on(site.hosts[0], "ss -ltnp; ls /run /var/lib")
