"""A real sshd of Debian on a free port of this machine, with keys of its own, for tests without machines."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from installs.ssh import Account

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Sshd:
    """One server. `key` signs root in."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()

    def start(self) -> Sshd:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for name in ("host", "user"):
            if not (self.folder / name).exists():
                self._keygen(name, "")
        keys = self.folder / "authorized_keys"
        if not keys.exists():
            shutil.copy(self.folder / "user.pub", keys)
        self.port = self.port or free_port()
        config = self.folder / "config"
        config.write_text(
            "\n".join(
                (
                    f"Port {self.port}",
                    "ListenAddress 127.0.0.1",
                    f"HostKey {self.folder}/host",
                    f"AuthorizedKeysFile {keys}",
                    f"PidFile {self.folder}/pid",
                    "StrictModes no",
                    "UsePAM no",
                    "PermitRootLogin yes",
                    "MaxStartups 100",
                    "MaxSessions 100",
                    *self.options,
                )
            )
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([str(PROGRAM), "-D", "-e", "-f", str(config)], stderr=log, stdout=log)
        give_up = time.monotonic() + 5
        while time.monotonic() < give_up:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End the server and every connection to it."""
        self.cut()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def cut(self) -> None:
        """End all connections; the server stays."""
        if self.process is None:
            return
        for pid in children(self.process.pid):
            # The children of a connection's process are the scripts, which a lost connection does not end.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def new_host_key(self) -> None:
        """Show another host key from the next start on."""
        for name in ("host", "host.pub"):
            (self.folder / name).unlink()
        self._keygen("host", "")

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host.pub").read_text().split()[:2])

    @property
    def key(self) -> str:
        return (self.folder / "user").read_text()

    def account(self, **values: object) -> Account:
        """How root signs in here."""
        plain: dict[str, object] = {
            "host": "here",
            "address": "127.0.0.1",
            "port": self.port,
            "user": "root",
            "host_key": self.host_key,
            "private_key": self.key,
        }
        return Account(**{**plain, **values})  # type: ignore[arg-type]

    def _keygen(self, name: str, passphrase: str) -> None:
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(self.folder / name)]
        subprocess.run(words, check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    """The processes that this one started and that run."""
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in said.split()]
