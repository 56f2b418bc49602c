"""A whole portal as separate processes, started the way `make run` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 240.0


class PortalRun:
    """One portal with its own home and port; `settings` are more of its environment variables."""

    def __init__(self, home: Path, *options: str, settings: dict[str, str] | None = None) -> None:
        self.home = home
        self.settings = settings or {}
        self.options = options or ("--no-sandbox",)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it says it is ready."""
        with (self.home / "run.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.supervisor", "run", *self.options],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        give_up = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None, f"the portal ended: {self.log()}"
            assert time.monotonic() < give_up, f"the portal is not ready after {READY_SECONDS} s: {self.log()}"
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def is_ready(self) -> bool:
        """Whether /healthz/ready answers 200."""
        try:
            return httpx.get(f"{self.url}/healthz/ready", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def environment(self) -> dict[str, str]:
        """The surroundings of its processes; also for `manage` calls beside it."""
        own = {"SLIPWAY_HOME": str(self.home), "SLIPWAY_LOCAL": "1", "PORT": str(self.port)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
        return {**kept, **own, **self.settings}

    def manage(self, *arguments: str, given: str = "") -> str:
        """What a management command prints beside this run."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def pid(self, name: str) -> int:
        """The process id of one of its parts."""
        return int((self.home / "run" / f"{name}.pid").read_text().split()[0])

    def log(self) -> str:
        """The last of what it printed."""
        return (self.home / "run.log").read_text(errors="replace")[-4000:]


@contextmanager
def running(home: Path) -> Iterator[PortalRun]:
    """The whole portal as `make run` starts it, without a sandbox of its own: real processes, an own home and port."""
    run = PortalRun(home)
    try:
        run.start()
        yield run
    finally:
        run.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
