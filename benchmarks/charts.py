"""How many operations on charts a minute Slipway brings to their end, and what memory they take.

Usage: python -m benchmarks.charts [--releases 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from benchmarks.memory import resident_mb
from benchmarks.portal import CLUSTER, NAMESPACE, Bench, bench, together, until
from benchmarks.table import Line, show, write
from tests.charts.archives import web_chart

SETTLE_SECONDS = 600
CALLERS = 4


def measure(run: Bench, number: int) -> list[Line]:
    """So many releases installed at once, upgraded at once, and uninstalled at once."""
    files = {"chart": ("web-1.0.0.tgz", web_chart(), "application/gzip")}
    run.api.post("charts/uploads/", files=files).raise_for_status()
    wish = {"cluster": CLUSTER, "namespace": NAMESPACE, "chart": "uploads/web", "version": "1.0.0"}
    names = [f"chart-{index:02}" for index in range(number)]
    releases: list[str] = []

    def install() -> None:
        asked = together(lambda name: run.post("helm-releases/", {**wish, "name": name})["id"], names, callers=CALLERS)
        releases.extend(asked)

    def upgrade() -> None:
        values = {"values": {"greeting": "again"}}
        patch = partial(run.api.patch, json=values)
        together(lambda release: _accepted(patch(f"helm-releases/{release}/")), releases, callers=CALLERS)

    def uninstall() -> None:
        together(lambda release: _accepted(run.api.delete(f"helm-releases/{release}/")), releases, callers=CALLERS)

    took = {
        "install": _timed(run, install, releases, "deployed"),
        "upgrade": _timed(run, upgrade, releases, "deployed"),
        "uninstall": _timed(run, uninstall, releases, "uninstalled"),
    }
    lines = [
        Line(f"charts: {what}, {number} at once", round(60 * number / seconds, 1), "a minute", None, f"{seconds:.1f} s")
        for what, seconds in took.items()
    ]
    return [
        *lines,
        Line("charts: memory of the worker after them", round(resident_mb(run.portal.pid("worker"))), "MB", 250),
    ]


def _timed(run: Bench, ask: Callable[[], None], releases: list[str], status: str) -> float:
    began = time.monotonic()
    ask()
    for release in releases:
        until(lambda: _status(run, release) == status, SETTLE_SECONDS, pause=0.2)  # noqa: B023 - asked at once
    return time.monotonic() - began


def _status(run: Bench, release: str) -> str:
    found = run.api.get(f"helm-releases/{release}/").raise_for_status().json()["status"]
    assert found != "failed", f"Helm release {release} failed"
    return str(found)


def _accepted(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--releases", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with bench() as run:
        lines = measure(run, asked.releases)
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
