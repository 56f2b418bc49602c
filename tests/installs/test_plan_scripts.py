"""Scripts of a plan really run, in a folder that stands for a machine, with stand-ins for the commands that would
change this one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installs.plan import plan
from installs.shapes import Step
from tests.installs.site import bundle, config, facts, hosts

PLACES = ("/etc/", "/var/lib/", "/run/", "/proc/")


@dataclass
class Machine:
    """A folder that scripts take for a machine. Commands that are not played do nothing and say nothing."""

    root: Path
    commands: dict[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> Path:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def put_files(self, step: Step) -> None:
        for file in step.files:
            self.write(file.path, file.text or "")

    def play(self, text: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        fakes = self.root / "fakes"
        fakes.mkdir(exist_ok=True)
        quiet = ("hostnamectl", "hostname", "systemctl", "modprobe", "swapoff", "swapon", "kubeadm", "kubectl", "sleep")
        for name in {*quiet, *self.commands}:
            (fakes / name).write_text(f"#!/bin/sh\n{self.commands.get(name, 'exit 0')}\n")
            (fakes / name).chmod(0o755)
        for place in PLACES:
            text = text.replace(place, f"{self.root}{place}")
        text = text.replace("PATH=/usr/local/sbin", f"PATH={fakes}:/usr/local/sbin")
        return subprocess.run(
            ["sh", "-s"], input=text, capture_output=True, text=True, check=False, env=dict(env or {}), timeout=60
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for place in PLACES:
        (tmp_path / place.strip("/")).mkdir(parents=True)
    return Machine(tmp_path)


def step(key: str, kind: str = "install", **asked: object) -> Step:
    machines = hosts(2, 1)
    steps = plan(kind, config(), machines, {h.name: facts(h) for h in machines}, (), asked, bundle())
    return next(one for one in steps if one.id == key)


def test_names_are_written_once_and_taken_back(machine: Machine) -> None:
    names = step("names:worker-1")
    before = "127.0.0.1 localhost\n10.9.9.9 registry.example.com # ours\n"
    machine.write("/etc/hosts", before)
    machine.commands = {"uname": "echo old-name", "hostnamectl": f"echo $2 > {machine.root}/named"}

    assert machine.play(names.probe).returncode == 1
    assert machine.play(names.script).returncode == 0
    assert machine.play(names.script).returncode == 0

    assert machine.read("/etc/hosts") == before + (
        "# slipway begin\n10.1.0.1 cp-1\n10.1.0.2 cp-2\n10.1.1.1 worker-1\n# slipway end\n"
    )
    assert machine.read("/named") == "worker-1\n"
    machine.commands["uname"] = "echo worker-1"
    assert machine.play(names.probe).returncode == 0

    assert machine.play(names.undo).returncode == 0
    assert machine.read("/etc/hosts") == before
    assert machine.read("/named") == "old-name\n"


def test_swap_is_commented_out_and_put_back(machine: Machine) -> None:
    swap = step("swap:worker-1")
    before = "UUID=1 / ext4 defaults 0 1\n/swap.img\tnone\tswap\tsw\t0\t0\n# /old none swap sw 0 0\n"
    machine.write("/etc/fstab", before)
    machine.write("/proc/swaps", "Filename Type Size Used Priority\n")

    assert machine.play(swap.probe).returncode == 1
    assert machine.play(swap.script).returncode == 0
    assert "# slipway: /swap.img\tnone\tswap" in machine.read("/etc/fstab")
    assert machine.play(swap.probe).returncode == 0
    assert machine.play(swap.undo).returncode == 0
    assert machine.read("/etc/fstab") == before


def test_a_machine_with_swap_on_is_not_done(machine: Machine) -> None:
    machine.write("/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")

    assert machine.play(step("swap:worker-1").probe).returncode == 1


def test_kubeadm_validates_a_configuration_with_stand_ins_and_it_does_not_stay(machine: Machine) -> None:
    configure = step("configure:cp-2")
    machine.put_files(configure)
    machine.commands = {"kubeadm": f'cp "$4" {machine.root}/seen'}

    assert machine.play(configure.script).returncode == 0

    seen = machine.read("/seen")
    assert "abcdef.0123456789abcdef" in seen and "@" not in seen
    assert not (machine.root / "run/slipway-kubeadm.yaml").exists()


def test_a_join_fills_in_its_secrets_and_leaves_none_behind(machine: Machine) -> None:
    join = step("join:cp-2")
    machine.put_files(join)
    machine.commands = {"kubeadm": f'cp "$3" {machine.root}/seen; stat -c %a "$3" > {machine.root}/mode'}
    secrets = {
        "JOIN_TOKEN": "aaaaaa.bbbbbbbbbbbbbbbb",
        "CA_CERT_HASH": f"sha256:{'c' * 64}",
        "CERTIFICATE_KEY": "d" * 64,
    }

    result = machine.play(join.script, secrets)

    assert result.returncode == 0, result.stderr
    assert all(value in machine.read("/seen") for value in secrets.values())
    assert machine.read("/mode") == "600\n"
    assert not any(value in result.stdout + result.stderr for value in secrets.values())
    left = "".join(path.read_text() for path in machine.root.rglob("*") if path.is_file() and path.name != "seen")
    assert not any(value in left for value in secrets.values())
    assert not (machine.root / "var/lib/slipway/kubeadm.started").exists()


def test_a_join_without_its_secrets_says_so_and_touches_nothing(machine: Machine) -> None:
    result = machine.play(step("join:cp-2").script, {"JOIN_TOKEN": "aaaaaa.bbbbbbbbbbbbbbbb"})

    assert result.returncode != 0 and "is not known" in result.stderr
    assert not (machine.root / "var/lib/slipway/kubeadm.started").exists()


def test_an_interrupted_join_is_taken_back_before_the_next(machine: Machine) -> None:
    join = step("join:worker-1")
    machine.put_files(join)
    machine.commands = {"kubeadm": f'echo "$1" >> {machine.root}/said; [ "$1" = reset ] || exit 3'}
    secrets = {"JOIN_TOKEN": "aaaaaa.bbbbbbbbbbbbbbbb", "CA_CERT_HASH": f"sha256:{'c' * 64}"}

    assert machine.play(join.script, secrets).returncode == 3
    assert machine.play(join.probe, secrets).returncode == 1
    machine.commands["kubeadm"] = f'echo "$1" >> {machine.root}/said'
    assert machine.play(join.script, secrets).returncode == 0

    assert machine.read("/said") == "join\nreset\njoin\n"


def test_the_member_that_an_interrupted_join_announced_is_taken_back_first(machine: Machine) -> None:
    join = step("join:cp-2")
    machine.put_files(join)
    machine.write("/var/lib/slipway/kubeadm.started", "")
    machine.write("/etc/kubernetes/admin.conf", "ours")
    machine.commands = {
        "kubeadm": f'echo "$1" >> {machine.root}/said',
        "kubectl": f"""
case "$*" in
  *"member list"*)
    echo '8e9e05c5, started, cp-1, https://10.1.0.1:2380, https://10.1.0.1:2379, false'
    echo '64fe0058, unstarted, , https://10.1.0.2:2380, , true' ;;
  *"member remove"*) echo "removed ${{*##* }}" >> {machine.root}/said ;;
esac""",
    }
    secrets = {
        "JOIN_TOKEN": "aaaaaa.bbbbbbbbbbbbbbbb",
        "CA_CERT_HASH": f"sha256:{'c' * 64}",
        "CERTIFICATE_KEY": "d" * 64,
    }

    assert machine.play(join.script, secrets).returncode == 0

    assert machine.read("/said") == "removed 64fe0058\nreset\njoin\n"


def test_what_a_machine_had_before_kubeadm_began_is_not_reset(machine: Machine) -> None:
    init = step("init:cp-1")
    machine.put_files(init)
    machine.write("/etc/kubernetes/admin.conf", "of somebody else")
    machine.commands = {"kubeadm": f'echo "$1" >> {machine.root}/said; [ "$1" != init ] || exit 1'}

    assert machine.play(init.script).returncode == 1

    assert "reset" not in machine.read("/said").split()
    assert machine.read("/etc/kubernetes/admin.conf") == "of somebody else"


def test_secrets_of_a_join_are_given_in_lines_of_their_own(machine: Machine) -> None:
    made = step("join-secrets:cp-1")
    machine.write("/etc/slipway/kubeadm.yaml", "kind: InitConfiguration\ncertificateKey: '@CERTIFICATE_KEY@'\n")
    machine.commands = {
        "kubeadm": f"""
case "$1 $2" in
  "token create")
    echo 'kubeadm join 10.1.0.1:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:99 '
    ;;
  "certs certificate-key") echo deadbeef ;;
  "init phase") cp "$6" {machine.root}/seen ;;
esac"""
    }

    result = machine.play(made.script)

    assert result.stdout.splitlines() == [
        "::give JOIN_TOKEN=abcdef.0123456789abcdef",
        "::give CA_CERT_HASH=sha256:99",
        "::give CERTIFICATE_KEY=deadbeef",
    ], result.stderr


def test_a_drain_that_a_budget_blocks_names_it(machine: Machine) -> None:
    drain = step("drain:worker-1", "remove_node", host="worker-1")
    machine.commands = {
        "kubectl": """
case "$*" in
  *"drain worker-1"*) echo 'error when evicting pods/"web-1" -n "shop"' >&2; exit 1 ;;
  *poddisruptionbudgets*) printf 'shop web app=web,tier=front,\\n' ;;
  *"-n shop get pods -l app=web,tier=front"*) printf 'web-1 web-2' ;;
esac"""
    }

    result = machine.play(drain.script)

    assert result.returncode == 1
    assert "The disruption budget shop/web allows no eviction of: web-1 web-2" in result.stdout
    assert "could not be drained within 300 s" in result.stderr


def test_etcd_that_does_not_let_its_member_go_stops_the_removal(machine: Machine) -> None:
    leave = step("leave-etcd:cp-2", "remove_node", host="cp-2")
    machine.commands = {"kubeadm": 'echo "W1129 [reset] Failed to remove etcd member: context deadline exceeded" >&2'}

    result = machine.play(leave.script)

    assert result.returncode == 1 and "did not let its member go" in result.stderr


def test_the_member_of_a_machine_that_is_gone_is_taken_out_by_its_name(machine: Machine) -> None:
    forget = step("leave-etcd:cp-2", "remove_node", host="cp-2", gone=True)
    machine.commands = {
        "kubectl": f"""
case "$*" in
  *"member list"*)
    echo '8e9e05c5, started, cp-1, https://10.1.0.1:2380, https://10.1.0.1:2379, false'
    [ -e {machine.root}/removed ] || echo 'fd422379, started, cp-2, https://10.1.0.2:2380, , false' ;;
  *"member remove fd422379"*) touch {machine.root}/removed ;;
esac"""
    }

    assert machine.play(forget.probe).returncode == 1
    assert machine.play(forget.script).returncode == 0
    assert machine.play(forget.probe).returncode == 0


@pytest.mark.parametrize(("left", "code"), [(364 * 86400, 0), (364 * 86400 - 7200, 1), (10, 1)])
def test_certificates_are_fresh_when_all_were_made_today(machine: Machine, left: int, code: int) -> None:
    shown = {
        "certificates": [{"name": "a", "residualTime": 365 * 86400 - 60}, {"name": "b", "residualTime": left}],
        "certificateAuthorities": [{"name": "ca", "residualTime": 5}],
    }
    machine.write("/shown.json", json.dumps(shown, indent=4))
    machine.commands = {"kubeadm": f"cat {machine.root}/shown.json"}

    assert machine.play(step("renew:cp-1", "certificates").verify).returncode == code
