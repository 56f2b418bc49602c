"""One machine: a disk laid over the base system, booted by systemd-nspawn in a network and a control group of its own.

Everything about it is found by its names alone, so that a command that was killed leaves nothing that the next one
does not find: the disk is a folder of the home, the control group and the container are named after the set.
"""

import ipaddress
import os
import shutil
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import StartFailed
from sandbox.hosts import disk
from sandbox.hosts.base import ADMIN
from sandbox.hosts.cgroups import ControlGroup
from sandbox.hosts.commands import run, unmount
from sandbox.hosts.modules import furnish_modules
from sandbox.hosts.network import BRIDGE, Network
from sandbox.processes import ProcessId, wait_until

BOOTS_WITHIN_SECONDS = 60.0
RUNS_WITHIN_SECONDS = 600.0
SSH_PORT = 22
PRODUCT_UUID = Path("/sys/class/dmi/id/product_uuid")
"""kubeadm asks that no two machines share it. Computers without firmware tables have none."""
# Writes its own id into the files that come before `--`, then becomes the program that comes after.
ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"'
# What kubelet, containerd and runc call and a container usually may not.
SYSTEM_CALLS = "bpf @keyring perf_event_open @mount"


@dataclass(frozen=True)
class Machine:
    """The machine `name` of the set `network.name`, with its files in `folder`."""

    name: str
    number: int
    folder: Path
    network: Network

    @property
    def root(self) -> Path:
        """Where its file system is mounted, as it sees it itself but for what it has mounted."""
        return self.folder / "root"

    @property
    def own_disk(self) -> Path:
        """Where its /var/lib is mounted."""
        return self.folder / "var-lib"

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    @property
    def group(self) -> ControlGroup:
        return ControlGroup(f"{self.network.name}/{self.name}")

    @property
    def _container(self) -> str:
        return f"{self.network.name}-{self.number}"

    def address(self, network: ipaddress.IPv4Network) -> str:
        """Its address in the range of its network."""
        return str(network[10 + self.number])

    def leader(self) -> ProcessId | None:
        """Its init; None when it does not run."""
        for pid in self.group.pids():
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            inside = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
            if len(inside) > 1 and inside[1:] == ["1"]:
                return ProcessId.of(pid)
        return None

    def host_key(self) -> str:
        """Its public host key as a line of known_hosts has it, so that nobody has to trust the first connection.

        Empty for a machine that is just being made.
        """
        try:
            key = (self.folder / "changes/etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii")
        except FileNotFoundError:
            return ""
        return " ".join(key.split()[:2])

    def answers(self, network: ipaddress.IPv4Network) -> bool:
        """Whether its sshd greets."""
        try:
            with socket.create_connection((self.address(network), SSH_PORT), timeout=1.0) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def start(self, base: Path, network: ipaddress.IPv4Network, public_key: str) -> subprocess.Popen[bytes]:
        """Boot it, from the disk it has or from a new one, and return what runs it. Raises StartFailed."""
        self._mount(base)
        self._furnish(network, public_key)
        argv = [
            *("sh", "-c", ENTER, "sh", *(str(file) for file in self.group.create()), "--"),
            *("nsenter", f"--net={self.network.namespace}", "--", "systemd-nspawn", "--boot", "--quiet"),
            *("--register=no", "--keep-unit", f"--machine={self._container}", f"--hostname={self.name}"),
            *(f"--directory={self.root}", f"--bind={self.own_disk}:/var/lib", "--bind=/dev/kmsg"),
            # There is one clock for all: a machine that sets its own would set this computer's.
            *("--capability=all", "--drop-capability=CAP_SYS_TIME", f"--system-call-filter={SYSTEM_CALLS}"),
            *(f"--network-bridge={BRIDGE}", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
            *(["--bind-ro=/lib/modules"] if Path("/lib/modules").is_dir() else []),
        ]
        env = os.environ | {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"}
        output = os.open(self.console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )
        finally:
            os.close(output)

    def run(self, script: str, network: ipaddress.IPv4Network, key_file: Path, *, user: str = "root") -> str:
        """Run shell on it over SSH and return what it printed. Raises StartFailed with what it said."""
        address, known = self.address(network), self.folder / "known_hosts"
        known.write_text(f"{address} {self.host_key()}\n", encoding="ascii")
        options = ("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}", "LogLevel=ERROR")
        words = ["ssh", "-F", "none", "-i", str(key_file)]
        for option in options:
            words += ["-o", option]
        doing = f"A script on {self.name}"
        return run(*words, f"{user}@{address}", "sh -s", doing=doing, within_seconds=RUNS_WITHIN_SECONDS, stdin=script)

    def wait(self, network: ipaddress.IPv4Network) -> None:
        """Wait until it can be logged in to. Raises StartFailed with the end of its console."""
        if not wait_until(lambda: self.answers(network), within_seconds=BOOTS_WITHIN_SECONDS, every_seconds=0.1):
            said = self.console.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
            raise StartFailed(f"{self.name} did not boot", why=said, next=f"Read {self.console}")

    def stop(self) -> bool:
        """Cut its power and take its disk out. Returns whether nothing of it runs. Idempotent."""
        ended = self.group.end()
        if not unmount(self.root) or not unmount(self.own_disk):
            return False
        for leftover in (f"propagate/{self._container}", f"unix-export/{self._container}"):
            shutil.rmtree(Path("/run/systemd/nspawn") / leftover, ignore_errors=True)
        return ended

    def _mount(self, base: Path) -> None:
        for name in ("changes", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # An overlay cannot lie on an overlay, as containerd's images do: /var/lib is a disk of its own.
        disk.lay_out(self.own_disk, base / "var/lib", self.name)
        if os.path.ismount(self.root):
            return
        layers = f"lowerdir={base},upperdir={self.folder / 'changes'},workdir={self.folder / 'work'}"
        doing = f"Mounting the disk of {self.name} (its home must not be in a container's own file system)"
        run("mount", "-t", "overlay", self.network.name, "-o", layers, self.root, doing=doing)

    def _furnish(self, network: ipaddress.IPv4Network, public_key: str) -> None:
        """What makes it this machine and no other. Once it has been furnished its disk is its own business."""
        etc, address, gateway = self.root / "etc", self.address(network), str(network[1])
        (etc / "machine").mkdir(exist_ok=True)
        (etc / "machine/network").write_text(f"ADDRESS={address}/{network.prefixlen}\nGATEWAY={gateway}\n")
        if (etc / "ssh/ssh_host_ed25519_key.pub").exists():
            return
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost ip6-localhost\n{address} {self.name}\n")
        (etc / "resolv.conf").write_text(f"nameserver {gateway}\n")
        (etc / "machine-id").write_text(f"{uuid.uuid4().hex}\n")
        furnish_modules(self.root)
        if PRODUCT_UUID.exists():
            (etc / "machine/product_uuid").write_text(f"{uuid.uuid4()}\n")
            overlaid = etc / "systemd/system/machine-setup.service.d/product-uuid.conf"
            overlaid.parent.mkdir(exist_ok=True)
            overlaid.write_text(f"[Service]\nExecStartPost=-mount --bind /etc/machine/product_uuid {PRODUCT_UUID}\n")
        for home, owner in (("root", 0), (f"home/{ADMIN}", (self.root / "home" / ADMIN).stat().st_uid)):
            ssh = self.root / home / ".ssh"
            ssh.mkdir(mode=0o700, exist_ok=True)
            (ssh / "authorized_keys").write_text(public_key)
            for path in (ssh, ssh / "authorized_keys"):
                os.chown(path, owner, owner)
        run("ssh-keygen", "-A", "-f", self.root, doing=f"Making the host keys of {self.name}")
