"""Machines to install on: they boot, are told apart, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import StartFailed
from sandbox.hosts.breaking import FAULTS, IMPOSSIBLE, CannotBreak
from sandbox.hosts.cgroups import ControlGroup
from sandbox.hosts.machines import Machines
from sandbox.paths import REPOSITORY
from sandbox.processes import wait_until
from tests.machines import machines_of, skip_where_impossible

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines_of(tmp_path_factory.mktemp("home"), 2) as machines:
        yield machines


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Machines]:
    """A set of this test's own, with nothing in it yet."""
    skip_where_impossible()
    machines = Machines(tmp_path)
    yield machines
    machines.down()


def what_is_left_of(machines: Machines) -> list[str]:
    """Traces of a set on this computer, by what a person would look at."""
    name = machines.network.name
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(machines.folder) in line]
    links = [link.name for link in Path("/sys/class/net").iterdir() if link.name == name]
    namespaces = [str(path) for path in Path("/run/netns").glob(name)]
    groups = [str(path) for path in ControlGroup(name).folders]
    nspawn = [str(path) for path in Path("/run/systemd/nspawn").glob(f"*/{name}-*")]
    processes = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name.encode() in file.read_bytes():
                processes.append(str(file))
        except OSError:
            continue
    return [*mounts, *links, *namespaces, *groups, *nspawn, *processes, *map(str, machines.folder.glob("*"))]


def test_a_machine_has_its_own_init_network_and_sshd(two: Machines) -> None:
    status = two.status()

    assert status["state"] == "up"
    first, second = status["machines"]
    assert first["address"] != second["address"] and first["host_key"] != second["host_key"]
    assert two.run(1, "cat /proc/1/comm; hostname; systemctl is-system-running --wait; whoami").split() == [
        "systemd",
        "machine-1",
        "running",
        "root",
    ]
    assert first["address"] in two.run(1, "ip -brief address show eth0")


def test_machines_reach_each_other_and_this_computer(two: Machines) -> None:
    status = two.status()

    two.run(1, f"ping -c1 -W2 {status['machines'][1]['address']}; ping -c1 -W2 {status['gateway']}")


def test_machines_are_told_apart_as_kubeadm_asks(two: Machines) -> None:
    asked = "cat /etc/machine-id /sys/class/net/eth0/address; hostname"

    assert not set(two.run(1, asked).split()) & set(two.run(2, asked).split())


def test_a_user_with_sudo_becomes_root(two: Machines) -> None:
    assert two.run(1, "sudo -n whoami", user="admin").strip() == "root"


def test_a_kubelet_would_find_what_it_needs(two: Machines) -> None:
    two.run(1, "modprobe overlay && modprobe br_netfilter && sysctl -w net.ipv4.ip_forward=1")
    two.run(1, "cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup; mkdir probe && rmdir probe")
    assert "overlay" not in two.run(1, "stat -f -c %T /var/lib")


def test_a_machine_cannot_set_this_computers_clock(two: Machines) -> None:
    # The time it already is: should this ever succeed, nothing is lost.
    with pytest.raises(StartFailed, match="Operation not permitted"):
        two.run(1, 'date -s "$(date)"')


def test_a_full_disk_of_this_computer_is_no_business_of_a_machine(two: Machines) -> None:
    if not Path("/dev/loop-control").exists():
        pytest.skip("no loop devices here: /var/lib is a folder of this computer's disk")
    size, free = two.run(1, "df --output=size,avail --block-size=1G /var/lib").split()[-2:]
    assert int(size) > 60 and int(free) > 50
    assert two.run(1, "stat --file-system --format=%T /var/lib").strip() == "ext2/ext3"


def test_up_again_changes_nothing(two: Machines) -> None:
    before = two.status()

    two.up(2, owned=True)

    assert two.status() == before


def test_a_machine_without_power_boots_again_from_its_disk(two: Machines) -> None:
    two.run(2, "echo kept > /srv/kept")
    key = two.status()["machines"][1]["host_key"]

    two.power_off(2)
    assert two.status()["state"] == "degraded"
    two.up(2, owned=True)

    assert two.run(2, "cat /srv/kept").strip() == "kept"
    assert two.status()["machines"][1]["host_key"] == key


def test_a_renewed_machine_has_forgotten_everything(two: Machines) -> None:
    two.run(2, "echo gone > /srv/gone; echo gone > /var/lib/gone")
    key = two.status()["machines"][1]["host_key"]

    two.renew(2)

    assert two.run(2, "ls /srv /var/lib").find("gone") == -1
    assert two.status()["machines"][1]["host_key"] != key


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_had_twice_and_mended_twice(two: Machines, name: str) -> None:
    for _ in range(2):
        assert two.spoil(2, name) == FAULTS[name].says
    for _ in range(2):
        two.mend(2, name)


def test_faults_are_real(two: Machines) -> None:
    address = two.status()["machines"][1]["address"]
    two.run(2, "systemd-run --quiet --unit=served socat TCP-LISTEN:2379,fork,reuseaddr SYSTEM:true")
    reach = f"timeout 2 sh -c 'until socat -u TCP:{address}:2379,connect-timeout=1 - ; do sleep 0.1; done'"
    two.run(1, reach)

    two.spoil(2, "firewall")
    with pytest.raises(StartFailed):
        two.run(1, reach)
    two.mend(2, "firewall")
    two.run(1, reach)

    two.spoil(2, "hostname")
    assert two.run(2, "hostname").strip() == "machine-1"
    two.mend(2, "hostname")
    assert two.run(2, "hostname").strip() == "machine-2"


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_a_shared_kernel_does_not_allow_is_said(two: Machines, name: str) -> None:
    with pytest.raises(CannotBreak, match="All machines"):
        two.spoil(1, name)


def test_two_sets_never_meet(two: Machines, own: Machines) -> None:
    own.up(1, owned=True)

    assert own.status()["network"] != two.status()["network"]
    with pytest.raises(StartFailed):
        own.run(1, f"ping -c1 -W1 {two.status()['machines'][0]['address']}")
    own.down()
    assert two.status()["state"] == "up"


def test_down_leaves_nothing_and_may_be_repeated(own: Machines) -> None:
    own.up(1, owned=True)
    # What a polite end does not reach: a process in a control group of its own, as containers are.
    own.run(1, "systemd-run --quiet --slice=machine.slice sh -c 'trap \"\" TERM; sleep 1000'")

    own.down()
    own.down()

    assert what_is_left_of(own) == []
    assert own.status()["state"] == "down"


def test_a_killed_up_is_finished_by_the_next_and_removed_by_down(own: Machines) -> None:
    env = os.environ | {"SLIPWAY_HOME": str(own.folder.parent.parent)}
    words = [sys.executable, "-m", "sandbox", "hosts", "up", "--count", "2"]
    with subprocess.Popen(words, env=env, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as process:
        assert wait_until(lambda: bool(own.all()) and own.all()[0].leader() is not None, within_seconds=60)
        process.send_signal(signal.SIGKILL)

    said = subprocess.run([*words, "--json"], env=env, cwd=REPOSITORY, check=True, capture_output=True, text=True)

    assert [machine["running"] for machine in json.loads(said.stdout)["machines"]] == [True, True]
    own.run(2, "true")
    own.down()
    assert what_is_left_of(own) == []


def test_owned_machines_die_with_their_owner(own: Machines) -> None:
    script = (
        "import sys, time\nfrom sandbox.hosts.machines import Machines\n"
        "Machines(sys.argv[1]).up(1, owned=True)\nprint('up', flush=True)\ntime.sleep(600)"
    )
    words = [sys.executable, "-c", script, str(own.folder.parent.parent)]
    with subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGKILL)

    assert wait_until(lambda: what_is_left_of(own) == [], within_seconds=30)
