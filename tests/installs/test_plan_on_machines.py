"""The plan's scripts as they are, on real machines: three control planes and a worker, from nothing to nothing again.

Steps are run here without the portal: stage by stage, each probed, carried out and verified.
"""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from installs.bundle import Bundle, read_manifest
from installs.facts import SCRIPT, parse
from installs.plan import plan
from installs.shapes import Acknowledged, Config, Facts, File, Host, Step
from sandbox.errors import StartFailed
from sandbox.hosts import bundle as built
from sandbox.hosts.machines import Machines
from tests.machines import machines_of

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(1500)]

TAKEN_ON = (Acknowledged("", "cgroup", "machines share the kernel of this computer"),)
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


class Fleet:
    """Machines with the hosts of an install, and what runs steps on them."""

    def __init__(self, machines: Machines, bundle: Bundle) -> None:
        self.machines, self.bundle = machines, bundle
        described = machines.status()["machines"]
        roles = ["control_plane"] * (len(described) - 1) + ["worker"]
        self.hosts = [
            Host(machine["name"], machine["address"], role) for machine, role in zip(described, roles, strict=True)
        ]
        self.secrets: dict[str, str] = {}
        self.config = Config("quay", bundle.kubernetes_version, bundle=bundle.name)

    def facts(self) -> dict[str, Facts]:
        return {host.name: parse(self.run(host.name, SCRIPT)) for host in self.hosts}

    def plan(self, kind: str, **asked: Any) -> list[Step]:
        steps = plan(kind, self.config, self.hosts, self.facts(), TAKEN_ON, asked, self.bundle)
        return [step for step in steps if step.kind == "host"]

    def carry_out(self, steps: list[Step]) -> list[str]:
        """Run the steps stage by stage, hosts side by side; return the ids of those that were not done before."""
        done: list[str] = []
        for _, stage in itertools.groupby(sorted(steps, key=lambda step: step.stage), key=lambda step: step.stage):
            hosts: dict[str, list[Step]] = {}
            for step in stage:
                hosts.setdefault(step.host, []).append(step)
            with ThreadPoolExecutor(len(hosts)) as pool:
                for ids in pool.map(self._carry_out_in_order, hosts.values()):
                    done += ids
        return done

    def _carry_out_in_order(self, steps: list[Step]) -> list[str]:
        return [step.id for step in steps if self._carry_out(step)]

    def _carry_out(self, step: Step) -> bool:
        if step.probe and self._succeeds(step.host, step.probe):
            return False
        for file in step.files:
            self._put(step.host, file)
        said = self.run(step.host, step.script, {name: self.secrets[name] for name in step.needs})
        self.secrets |= dict(re.findall(r"^::give (\w+)=(.*)$", said, re.MULTILINE))
        assert set(step.gives) <= self.secrets.keys(), step.id
        assert (step.verify or step.probe) == "" or self._succeeds(step.host, step.verify or step.probe), step.id
        return True

    def run(self, host: str, script: str, environment: Mapping[str, str] | None = None) -> str:
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in (environment or {}).items())
        return self.machines.run(self._number(host), exports + script)

    def kubectl(self, words: str) -> str:
        return self.run(self.hosts[0].name, f"{KUBECTL} {words}")

    def nodes(self) -> dict[str, bool]:
        """Which nodes there are, and whether each is ready."""
        found = json.loads(self.kubectl("get nodes -o json"))["items"]
        return {
            node["metadata"]["name"]: any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in node["status"]["conditions"]
            )
            for node in found
        }

    def etcd_members(self) -> set[str]:
        """The names of etcd's members, as etcd itself has them: Pods of nodes that are gone are swept later."""
        pki = "/etc/kubernetes/pki/etcd"
        keys = f"--cacert {pki}/ca.crt --cert {pki}/server.crt --key {pki}/server.key"
        listed = self.kubectl(f"-n kube-system exec etcd-{self.hosts[0].name} -- etcdctl {keys} member list")
        return {line.split(", ")[2] for line in listed.splitlines()}

    def _succeeds(self, host: str, script: str) -> bool:
        try:
            self.run(host, script)
        except StartFailed:
            return False
        return True

    def _put(self, host: str, file: File) -> None:
        """Lay a file onto the machine's disk from outside: how it travels is tried elsewhere."""
        machine = self.machines.machine(self._number(host))
        inside = Path(file.path)
        own_disk = inside.is_relative_to("/var/lib")
        place = (
            machine.own_disk / inside.relative_to("/var/lib") if own_disk else machine.root / inside.relative_to("/")
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if file.text is None:
            shutil.copyfile(self.bundle.locate(file.member), place)
        else:
            place.write_text(file.text, encoding="utf-8")
        place.chmod(file.mode)

    @staticmethod
    def _number(host: str) -> int:
        return int(host.rpartition("-")[2])


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if not built.is_built():
        pytest.skip("no offline bundle here: `make machines` builds it once (Linux, root)")
    folder = built.bundle_folder()
    bundle = read_manifest(folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    with machines_of(tmp_path_factory.mktemp("home"), 4) as machines:
        yield Fleet(machines, bundle)


def test_three_control_planes_and_a_worker_from_nothing_to_nothing(fleet: Fleet) -> None:
    names = [host.name for host in fleet.hosts]
    install = fleet.plan("install")
    fleet.carry_out(install)
    assert fleet.nodes() == dict.fromkeys(names, True)
    assert fleet.etcd_members() == set(names[:3])

    # A second run finds everything done, but for what has to be made anew each time.
    again = fleet.carry_out([step for step in install if step.probe])
    assert again == []

    control_plane = fleet.hosts[2]
    fleet.carry_out(fleet.plan("remove_node", host=control_plane.name))
    assert control_plane.name not in fleet.nodes()
    assert fleet.etcd_members() == set(names[:2])
    fleet.carry_out(fleet.plan("add_nodes", hosts=[control_plane.name]))
    assert fleet.nodes() == dict.fromkeys(names, True)

    fleet.carry_out(fleet.plan("certificates"))
    assert fleet.nodes() == dict.fromkeys(names, True)

    fleet.carry_out(fleet.plan("reset"))
    for host in fleet.hosts:
        left = fleet.run(
            host.name, "ls /etc/kubernetes/*.conf /etc/kubernetes/manifests/* /var/lib/etcd/* 2>/dev/null; true"
        )
        assert left == ""
