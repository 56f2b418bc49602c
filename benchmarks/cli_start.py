"""How long `slipway` takes until it does something, beside a Python that does nothing.

Usage: python -m benchmarks.cli_start [--runs 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Line, percentile, show, write

CLI = Path(__file__).resolve().parent.parent / "cli"
BUDGET_MS = 300.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CLI), "SLIPWAY_TOKEN": "slip_none", "SLIPWAY_RETRY_SECONDS": "0"}


@dataclass(frozen=True)
class Took:
    """Milliseconds of one run: by the clock, and of a processor, which other programs on the machine change little."""

    wall: float
    cpu: float


def to_the_end(*words: str) -> Took:
    """One run of Python with these words."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return Took((time.perf_counter() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000)


def to_the_first_byte() -> Took:
    """Until the request of `slipway status` begins to arrive at the portal."""
    with socket.create_server(("127.0.0.1", 0)) as portal:
        url = f"http://127.0.0.1:{portal.getsockname()[1]}"
        words = [sys.executable, "-m", "slipway_cli", "status", "checkout", "prod", "--url", url]
        began = time.perf_counter()
        process = subprocess.Popen(
            words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        connection, _ = portal.accept()
        with connection:
            connection.recv(1)
            took = (time.perf_counter() - began) * 1000
        process.kill()
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Took(took, (used.ru_utime + used.ru_stime) * 1000)


def measure(runs: int) -> list[Line]:
    """Medians, one after the other in turn, so that a busy machine is busy for all of them."""
    measured: dict[str, tuple[Callable[[], Took], float | None]] = {
        "python -c pass": (lambda: to_the_end("-c", "pass"), None),
        "slipway --version": (lambda: to_the_end("-m", "slipway_cli", "--version"), BUDGET_MS),
        "slipway --help": (lambda: to_the_end("-m", "slipway_cli", "--help"), BUDGET_MS),
        "slipway status, first byte sent": (to_the_first_byte, BUDGET_MS),
    }
    figures: dict[str, list[Took]] = {what: [] for what in measured}
    for _ in range(runs):
        for what, (run, _limit) in measured.items():
            figures[what].append(run())
    return [_line(what, figures[what], limit) for what, (_run, limit) in measured.items()]


def _line(what: str, took: list[Took], limit: float | None) -> Line:
    wall, cpu = [one.wall for one in took], [one.cpu for one in took]
    note = f"median of {len(took)}, fastest {min(wall):.0f}, p95 {percentile(wall, 0.95):.0f}"
    return Line(what, round(statistics.median(wall)), "ms", limit, f"{note}; {statistics.median(cpu):.0f} ms of a core")


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    lines = measure(asked.runs)
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
