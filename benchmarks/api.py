"""What the REST API bears: one web process and one worker, with callers on the same machine.

Lists at a steady rate together with long polls; then the same with open tabs and slow clients; then lists as fast as
they go. Ten thousand releases stand in the database, fifty of which wait.

Usage: python -m benchmarks.api [--seconds 30] [--rate 200] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.callers import Crowd, Place, Tally, dawdle, listen, wait_again_and_again
from benchmarks.memory import resident_mb
from benchmarks.portal import signed_in
from benchmarks.table import Line, percentile, show, write
from tests.portal_run import PortalRun

WAITS, TABS, SLOW, CALLERS = 50, 200, 30, 20
LIST = "/api/v1/releases/"
MOST_MS = 400.0
WARM_SECONDS = 3.0


@dataclass(frozen=True)
class Served:
    """A running portal, and what its callers need."""

    portal: PortalRun
    tokens: list[str]
    cookie: str
    waiting: list[str]

    @property
    def place(self) -> Place:
        return Place("127.0.0.1", self.portal.port)

    @property
    def lists(self) -> list[bytes]:
        return [self.place.get(LIST, f"Authorization: Bearer {token}") for token in self.tokens]

    @property
    def web_seconds(self) -> float:
        """Processor time that the web process has used."""
        fields = Path(f"/proc/{self.portal.pid('web')}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def served(releases: int) -> Iterator[Served]:
    """A portal with so many releases and callers that no limit holds back; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="slipway-api-") as home:
        limits = {"SLIPWAY_RATE_LIMIT": "10000000", "SLIPWAY_OPEN_CALLS": "1000"}
        portal = PortalRun(Path(home), "--no-sandbox", settings=limits)
        try:
            portal.start()
            asked = [f"--releases={releases}", f"--waiting={WAITS}", f"--tokens={CALLERS}"]
            seeding = [sys.executable, "-m", "benchmarks.seed_releases", *asked]
            seeded = subprocess.run(seeding, env=portal.environment(), stdout=subprocess.PIPE, text=True, check=True)
            made = json.loads(seeded.stdout)
            password = (Path(home) / "admin-password").read_text().strip()
            browser = signed_in(portal.url, "admin", password)
            cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            yield Served(portal, made["tokens"], cookie, made["waiting"])
        finally:
            portal.stop()


async def lists_and_waits(run: Served, rate: float, seconds: float, *, with_crowd: bool) -> list[Line]:
    """Lists at a rate beside long polls, with or without 200 tabs and 30 slow clients."""
    stop, waits, heard = asyncio.Event(), Tally(), Counter[str]()
    place, token = run.place, run.tokens[0]
    beside = [
        asyncio.create_task(wait_again_and_again(place, _wait(place, pk, token), stop, waits)) for pk in run.waiting
    ]
    if with_crowd:
        tab = place.get("/live/?topics=home,approvals", f"Cookie: {run.cookie}")
        beside += [asyncio.create_task(listen(place, tab, stop, heard)) for _ in range(TABS)]
        ways = ("head", "body", "reader")
        beside += [asyncio.create_task(dawdle(place, ways[n % 3], run.lists[0], stop)) for n in range(SLOW)]
    await asyncio.sleep(WARM_SECONDS)
    before_cpu, before_mb, began = run.web_seconds, resident_mb(run.portal.pid("web")), time.monotonic()
    crowd = Crowd(place, run.lists)
    await crowd.at_rate(rate, seconds)
    took = time.monotonic() - began
    used, grown = run.web_seconds - before_cpu, resident_mb(run.portal.pid("web")) - before_mb
    stop.set()
    await asyncio.gather(*beside)
    asked = len(crowd.tally.seconds) + crowd.tally.lost
    what = f"lists at {rate:g}/s beside {WAITS} long polls" + (
        f", {TABS} tabs, {SLOW} slow clients" if with_crowd else ""
    )
    lost = crowd.tally.lost + asked - crowd.tally.statuses[200] - crowd.tally.lost
    note = f"{asked} in {took:.1f} s, {dict(crowd.tally.statuses)}"
    lines = [
        Line(f"{what}: lost", lost, "calls", 0, note),
        Line(f"{what}: p50", _ms(crowd.tally, 0.5), "ms", MOST_MS),
        Line(f"{what}: p95", _ms(crowd.tally, 0.95), "ms", MOST_MS, f"p99 {_ms(crowd.tally, 0.99):g} ms"),
        Line(f"{what}: long polls lost", waits.lost, "calls", 0, f"{dict(waits.statuses)}"),
        Line(f"{what}: processor of web", round(100 * used / took), "%", None, f"{1000 * used / asked:.2f} ms a list"),
        Line(f"{what}: web grew", round(grown, 1), "MB", 30),
    ]
    if with_crowd:
        is_lost = TABS - heard["opened"] + heard["ended"] + heard["refused"]
        lines.append(Line(f"{what}: tabs lost", is_lost, "tabs", 0, f"{heard['beats']} beats heard"))
    return lines


async def as_fast_as_it_goes(run: Served, seconds: float) -> list[Line]:
    """The most that one web process answers."""
    lines = []
    for callers in (1, 8):
        before, crowd = run.web_seconds, Crowd(run.place, run.lists)
        rate = await crowd.as_fast_as_it_goes(callers, seconds)
        each = 1000 * (run.web_seconds - before) / max(1, len(crowd.tally.seconds))
        note = f"p95 {_ms(crowd.tally, 0.95):g} ms, {each:.2f} ms of web's processor each, lost {crowd.tally.lost}"
        lines.append(Line(f"lists a second, {callers} callers", round(rate), "/s", None, note))
    return lines


def _wait(place: Place, release: str, token: str) -> bytes:
    return place.get(f"/api/v1/releases/{release}/wait/?timeout=10", f"Authorization: Bearer {token}")


def _ms(tally: Tally, share: float) -> float:
    return round(1000 * percentile(tally.seconds, share), 1) if tally.seconds else 0.0


async def measure(run: Served, rate: float, seconds: float) -> list[Line]:
    """All of it."""
    lines = await lists_and_waits(run, rate, seconds, with_crowd=False)
    lines += await lists_and_waits(run, rate, seconds, with_crowd=True)
    return [*lines, *await as_fast_as_it_goes(run, min(10.0, seconds))]


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--releases", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with served(asked.releases) as run:
        lines = uvloop.run(measure(run, asked.rate, asked.seconds))
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
