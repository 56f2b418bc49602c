"""One `make run` as a test handles it: asked, killed in parts, ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.portal_run import ROOT, PortalRun

PROCESSES = ("web", "worker", "beat", "watch", "valkey")


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `holds()`; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Slipway(PortalRun):
    """A run of which the processes are the matter."""

    def call(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one supervisor command to its end."""
        words = [sys.executable, "-m", "portal.supervisor", command]
        return subprocess.run(
            words, cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=90, check=False
        )

    def is_served(self) -> bool:
        """Whether pages come, whatever else may be missing."""
        try:
            return httpx.get(f"{self.url}/healthz/live", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def pid(self, name: str) -> int:
        """What the pid file says, 0 when there is none."""
        try:
            return super().pid(name)
        except FileNotFoundError:
            return 0

    def log(self) -> str:
        """The merged log of all processes."""
        return (self.home / "logs" / "slipway.log").read_text()

    def alive(self) -> set[int]:
        """Every process of this machine that was told this home."""
        wanted = f"SLIPWAY_HOME={self.home}".encode()
        return {int(folder.name) for folder in Path("/proc").glob("[0-9]*") if wanted in _environ(folder)}


def _environ(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
