"""What each process of a run takes: seconds of CPU, and memory."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.memory import resident_mb
from benchmarks.portal import Bench

PARTS = ("web", "worker", "watch", "beat", "valkey")
LEAST_SECONDS = 0.1


class Processes:
    """The control plane, the portal and the benchmark's own process, from a moment on; `more` are others by name."""

    def __init__(self, run: Bench, more: dict[str, int]) -> None:
        control_plane = {one["name"]: one["pid"] for one in run.portal.sandbox_status()["components"] if one["pid"]}
        portal = {name: run.portal.pid(name) for name in PARTS}
        self._ids = {**control_plane, **portal, **more, "benchmark": os.getpid()}
        self._before = {name: _cpu_seconds(pid) for name, pid in self._ids.items()}

    def cpu(self) -> tuple[float, str]:
        """Seconds of CPU since then: all together, and each as a note, the dearest first."""
        took = {name: _cpu_seconds(pid) - self._before[name] for name, pid in self._ids.items()}
        dearest = sorted(took.items(), key=lambda one: -one[1])
        return sum(took.values()), ", ".join(f"{name} {took:.1f}" for name, took in dearest if took >= LEAST_SECONDS)

    def memory(self) -> str:
        """Resident MB of each now, the largest first."""
        sizes = {name: resident_mb(pid) for name, pid in self._ids.items()}
        return ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items(), key=lambda one: -one[1]))


def _cpu_seconds(pid: int) -> float:
    """Of the process and of those of its children that have ended (proc(5): utime, stime, cutime, cstime)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
