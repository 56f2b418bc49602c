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

    def start(self) -> None:
        """Start it, and wait for no more than the first page."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.supervisor", "run", *self.options],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.is_served, 90, "the page is served")

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
        """Every process of this machine that was told this home or works in it (the broker erases what it was told)."""
        return {int(folder.name) for folder in Path("/proc").glob("[0-9]*") if self._is_ours(folder)}

    def _is_ours(self, process: Path) -> bool:
        try:
            told = (process / "environ").read_bytes().split(b"\0")
            return f"SLIPWAY_HOME={self.home}".encode() in told or (process / "cwd").readlink().is_relative_to(
                self.home
            )
        except OSError:
            return False
