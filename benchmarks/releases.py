"""What rolling releases cost over plain image patches, on the real control plane of the sandbox.

One release: it and a plain patch of an equal Deployment take turns, so that both meet the same machine. Many at once:
the same number of equal Deployments is patched first, then released. Requests are counted in the API server's audit
log.

Usage: python -m benchmarks.releases [--quick] [--stock] [--at-once 20 100] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.audit import Mark, requests_since, writes_in
from benchmarks.portal import ENVIRONMENT, IMAGE, Bench, bench, together
from benchmarks.table import Line, percentile, show, write

REPLICAS = 5
OVERHEAD_SECONDS, ACCEPTED_P95_MS, MOST_WRITES = 1.0, 300, 15
AT_ONCE = (20, 100)
HUNDRED_SECONDS, STOCK_RATIO = 25, 1.05


def measure_one(run: Bench, rounds: int) -> list[Line]:
    """Overhead, requests and acceptance of single releases."""
    run.new_service("one", REPLICAS)
    run.new_deployment("one-twin", REPLICAS)
    run.until_complete("one", "one-twin")
    accepted, released, patched = [], [], []
    counted: Counter[str] = Counter()
    _release_and_wait(run, "one")
    _patch_and_wait(run, "one-twin")
    for _ in range(rounds):
        mark = Mark.now(run.audit_log)
        took = _release_and_wait(run, "one")
        accepted.append(took[0] * 1000)
        released.append(took[1])
        counted += requests_since(mark)
        patched.append(_patch_and_wait(run, "one-twin"))
    release, plain = statistics.median(released), statistics.median(patched)
    writes = writes_in(counted) / rounds
    reads = sum(count for verb, count in counted.items() if verb in {"get", "list"}) / rounds
    note = f"release {release:.2f} s, patch {plain:.2f} s: ratio {release / plain:.2f}"
    best = f"release {min(released):.2f} s, patch {min(patched):.2f} s: ratio {min(released) / min(patched):.2f}"
    return [
        Line("overhead of one rolling release, median", round(release - plain, 2), "s", OVERHEAD_SECONDS, note),
        Line("overhead of one rolling release, best", round(min(released) - min(patched), 2), "s", None, best),
        Line("deploy call accepted, p50", round(percentile(accepted, 0.5)), "ms"),
        Line("deploy call accepted, p95", round(percentile(accepted, 0.95)), "ms", ACCEPTED_P95_MS, f"{rounds} calls"),
        Line("writes to the API server of one release", round(writes, 1), "writes", MOST_WRITES),
        Line("reads of the API server of one release", round(reads, 1), "reads"),
        Line("dry runs of one release", round(counted["dry run"] / rounds, 1), "dry runs"),
    ]


def measure_many(run: Bench, number: int, *, rate: str) -> list[Line]:
    """`number` rolling releases at once, and the same number of plain patches before."""
    names = [f"many-{number}-{index:03}" for index in range(number)]
    twins = [f"{name}-twin" for name in names]
    together(lambda name: run.new_service(name, REPLICAS), names)
    together(lambda twin: run.new_deployment(twin, REPLICAS), twins)
    run.until_complete(*names, *twins)
    image = f"{IMAGE}:2.0.0"

    began = time.monotonic()
    together(lambda twin: run.patch_image(twin, image), twins)
    run.until_complete(*twins, image=image)
    patched = time.monotonic() - began

    mark, locked, repeated = Mark.now(run.audit_log), run.locked_errors(), run.repeated
    began = time.monotonic()
    started = together(lambda name: _start(run, name, image), names)
    ended = run.until_ended({release["id"] for release in started})
    released = time.monotonic() - began
    counted = requests_since(mark)
    writes = writes_in(counted) / number
    reads = sum(count for verb, count in counted.items() if verb in {"get", "list"}) / number
    what = f"{number} rolling releases at once, controller manager at {rate}"
    limit = HUNDRED_SECONDS if number == max(AT_ONCE) and rate != "stock" else None
    note = f"{number} plain patches {patched:.1f} s; {run.repeated - repeated} calls asked again"
    note += "" if set(ended) == {"succeeded"} else f"; ended as {dict(ended)}"
    return [
        Line(f"{what}: last one done", round(released, 1), "s", limit, note),
        Line(f"{what}: ratio", round(released / patched, 2), "x", STOCK_RATIO if rate == "stock" else None),
        Line(f"{what}: each", round(writes, 1), "writes", MOST_WRITES, f"{reads:.1f} reads"),
        Line(f"{what}: database locked", run.locked_errors() - locked, "times", 0),
    ]


def _start(run: Bench, name: str, image: str) -> dict[str, Any]:
    release: dict[str, Any] = run.post("releases/", {"service": name, "environment": ENVIRONMENT, "image": image})
    return release


def _release_and_wait(run: Bench, name: str) -> tuple[float, float]:
    """Release through the portal; seconds until it was accepted, and until it had succeeded."""
    began = time.monotonic()
    release = _start(run, name, run.next_image(name))
    accepted = time.monotonic() - began
    ended = run.until_ended({release["id"]})
    assert set(ended) == {"succeeded"}, f"the release ended as {dict(ended)}"
    return accepted, time.monotonic() - began


def _patch_and_wait(run: Bench, name: str) -> float:
    """Patch the image; seconds until `kubectl rollout status` would call it complete."""
    began = time.monotonic()
    image = run.next_image(name)
    run.patch_image(name, image)
    run.until_complete(name, image=image)
    return time.monotonic() - began


def measure(run: Bench, *, quick: bool, rate: str, crowds: Sequence[int] = AT_ONCE) -> Iterator[Line]:
    """All of it as it comes, or with `quick` a few single releases."""
    if rate != "stock":
        yield from measure_one(run, 5 if quick else 15)
    for number in () if quick else crowds:
        yield from measure_many(run, number, rate=rate)


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="five single releases, no crowds")
    parser.add_argument(
        "--stock", action="store_true", help="the controller manager as shipped, at 20 requests a second"
    )
    parser.add_argument("--at-once", type=int, nargs="*", default=AT_ONCE, help="how many releases at once")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    rate = "stock" if asked.stock else "500/s"
    lines: list[Line] = []
    try:
        with bench(stock_rate=asked.stock) as run:
            lines.extend(measure(run, quick=asked.quick, rate=rate, crowds=asked.at_once))
    finally:
        # What was measured before something broke is worth keeping.
        write(lines, asked.json)
        kept = show(lines)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
