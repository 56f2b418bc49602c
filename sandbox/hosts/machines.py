"""A set of machines of one home: made, looked at, renewed and ended together."""

import hashlib
import ipaddress
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.errors import StartFailed
from sandbox.files import Lock
from sandbox.hosts import base, keeper, tunables
from sandbox.hosts.breaking import fault
from sandbox.hosts.cgroups import ControlGroup
from sandbox.hosts.commands import run
from sandbox.hosts.machine import SSH_PORT, Machine
from sandbox.hosts.needs import why_not
from sandbox.hosts.network import Network
from sandbox.paths import StateFolder
from sandbox.progress import Progress, Report

MOST = 50
WAIT_FOR_OTHER_SECONDS = 600.0
KEY_NAME = "id_ed25519"


class Machines:
    """The machines of a home (without one: of `$SLIPWAY_HOME`). Two homes never meet: each has names of its own."""

    def __init__(self, home: Path | str | None = None) -> None:
        state = StateFolder.of(home)
        self._home, self.folder = state.home, state.root / "hosts"
        self.network = Network("slip-" + hashlib.sha256(str(self.folder).encode()).hexdigest()[:6], str(self.folder))
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def key_file(self) -> Path:
        """The private key that opens all machines of the set."""
        return self.folder / KEY_NAME

    def up(self, count: int, *, report: Report | None = None, owned: bool = False) -> None:
        """Have machines 1 to `count` running; more that run are left alone.

        `owned`: they end with this process, however it ends. Raises SandboxError.
        """
        tell = report or _say_nothing
        if not 1 <= count <= MOST:
            raise StartFailed(f"{count} machines cannot be had", next=f"Ask for 1 to {MOST}")
        self._refuse_where_impossible()
        base.make(tell)
        with self._alone():
            self._make_key()
            if owned:
                keeper.start(self.folder, self._home)
            tunables.keep()
            network = self.network.up(self._written_range())
            self._write_range(network)
            machines = [self.machine(number) for number in range(1, count + 1)]
            starting = [machine for machine in machines if machine.leader() is None]
            for machine in starting:
                self._stop(machine)
                self._start(machine, network)
            for done, machine in enumerate(machines, 1):
                machine.wait(network)
                _tell_started(tell, done, count)

    def run(self, number: int, script: str, *, user: str = "root") -> str:
        """Run shell on a machine over SSH and return what it printed. Raises StartFailed with what it said."""
        return self.machine(number).run(script, self._range(), self.key_file, user=user)

    def spoil(self, number: int, name: str) -> str:
        """Give a machine the fault of a name (see `breaking`), and return what is wrong then. Raises SandboxError."""
        chosen = fault(name)
        self.run(number, chosen.breaks)
        return chosen.says

    def mend(self, number: int, name: str) -> None:
        """Take a fault away. Raises SandboxError."""
        self.run(number, fault(name).mends)

    def power_off(self, number: int) -> None:
        """Cut a machine's power. `up` boots it again from the disk it had."""
        with self._alone():
            self._stop(self.machine(number))

    def renew(self, number: int) -> None:
        """Throw the disk of a machine away and boot it anew, with another host key."""
        machine, network = self.machine(number), self._range()
        with self._alone():
            self._end(machine)
            self._start(machine, network)
            machine.wait(network)

    def down(self) -> None:
        """End all machines and remove everything of them, their disks included. Idempotent. Raises StartFailed."""
        if not self.folder.exists() and not self.network.namespace.exists():
            return
        self._refuse_where_impossible()
        with self._alone():
            for machine in self.all():
                self._end(machine)
            if not ControlGroup(self.network.name).end() or not self.network.down():
                raise StartFailed("The machines' network is still there", next="Run the command again")
            tunables.give_back()
            keeper.stop(self.folder)
            for path in self.folder.iterdir():
                if path.name != "lock":
                    path.unlink()
        # Whoever waits for the lock finds a folder with nothing in it, or none.
        shutil.rmtree(self.folder, ignore_errors=True)

    def all(self) -> list[Machine]:
        """The machines that exist, running or not."""
        numbers = (int(path.name.rpartition("-")[2]) for path in self.folder.glob("machine-*"))
        return [self.machine(number) for number in sorted(numbers)]

    def machine(self, number: int) -> Machine:
        """The machine of that number, whether it exists or not."""
        name = f"machine-{number}"
        return Machine(name, number, self.folder / name, self.network)

    def status(self) -> dict[str, Any]:
        """How the set is, and how to log in to each machine."""
        network = self.network.range()
        machines = [self._described(machine, network) for machine in self.all()] if network else []
        running = sum(machine["running"] for machine in machines)
        state = "up" if machines and running == len(machines) else "degraded" if machines else "down"
        return {
            "state": state,
            "network": str(network) if network else None,
            "gateway": str(network[1]) if network else None,
            "machines": machines,
        }

    def _described(self, machine: Machine, network: ipaddress.IPv4Network) -> dict[str, Any]:
        leader = machine.leader()
        return {
            "name": machine.name,
            "address": machine.address(network),
            "port": SSH_PORT,
            "user": "root",
            "key_file": str(self.key_file),
            "host_key": machine.host_key(),
            "running": leader is not None,
            "pid": leader.pid if leader else None,
        }

    def _start(self, machine: Machine, network: ipaddress.IPv4Network) -> None:
        public_key = self.key_file.with_suffix(".pub").read_text(encoding="ascii")
        self._started[machine.number] = machine.start(base.base_folder(), network, public_key)

    def _stop(self, machine: Machine) -> None:
        if not machine.stop():
            raise StartFailed(f"{machine.name} could not be ended", next="Run the command again")
        if machine.number in self._started:
            self._started.pop(machine.number).wait()

    def _end(self, machine: Machine) -> None:
        self._stop(machine)
        # Images in it may have made folders that only their owner may enter, which is nothing to root.
        shutil.rmtree(machine.folder)

    def _range(self) -> ipaddress.IPv4Network:
        network = self.network.range()
        if network is None:
            raise StartFailed("No machines run", next="Run `python -m sandbox hosts up`")
        return network

    def _make_key(self) -> None:
        if not self.key_file.with_suffix(".pub").exists():
            self.key_file.unlink(missing_ok=True)
            words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.network.name, "-f", self.key_file)
            run(*words, doing="Making a key for the machines")

    def _written_range(self) -> str:
        try:
            return (self.folder / "network").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def _write_range(self, network: ipaddress.IPv4Network) -> None:
        (self.folder / "network").write_text(f"{network}\n", encoding="ascii")

    @staticmethod
    def _refuse_where_impossible() -> None:
        if reason := why_not():
            raise StartFailed("Machines cannot be made here", why=reason)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = Lock(self.folder / "lock")
        if not lock.take(within_seconds=WAIT_FOR_OTHER_SECONDS):
            raise StartFailed("Another command works on these machines", next="Wait for it, then try again")
        try:
            yield
        finally:
            lock.release()


def _tell_started(tell: Callable[[Progress], None], done: int, count: int) -> None:
    state: Any = "ready" if done == count else "starting"
    tell(Progress(state, "machines", f"{done} of {count} machines run", done, count, done / count))


def _say_nothing(progress: Progress) -> None:
    return None
