"""What canaries cost: Slipway's, and with --peer those of Argo Rollouts in the same run, on the same control plane.

Usage: python -m benchmarks.canaries [--peer] [--quick] [--stock] [--crowds] [--at-once 100] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.audit import Mark, requests_since, writes_in
from benchmarks.contenders import Bringer, Contender, Rollouts, Slipway, Steps, only, pods_of, seconds_until
from benchmarks.idealised import Idealised
from benchmarks.portal import IMAGE, NAMESPACE, Bench, bench, together
from benchmarks.processes import Processes
from benchmarks.table import Line, show, write
from benchmarks.waves import Waves

OVERHEAD_SECONDS, MOST_WRITES, HUNDRED_SECONDS, LOST_SECONDS = 0.38, 15, 25, 5
# What the budget allows where the idealised loop of design.md takes 16.8 s: the same ratio on any machine.
TIMES_IDEALISED = round(HUNDRED_SECONDS / 16.8, 2)
PAUSE_SECONDS = 5
FOUR_PAUSES: Steps = [
    (kind, n) for weight in (20, 40, 60, 80) for kind, n in (("set_weight", weight), ("pause", PAUSE_SECONDS))
]
CROWD_STEPS: Steps = [("set_weight", 20), ("pause", 1), ("set_weight", 60), ("pause", 1)]
TO_THE_HALF: Steps = [("set_weight", 50), ("pause", None)]
CROWD_ROUNDS = 3
_numbers = count(1)


def measure_one(run: Bench, who: Contender, rounds: int) -> Iterator[Line]:
    """Canaries of 10 replicas with four pauses, one at a time: what is neither pause nor Pods on their way."""
    name = f"{_slug(who)}-one"
    who.make([name], 10)
    over, waves, writes, events = [], [], [], []
    for _ in range(rounds):
        image, mark = _next_image(), Mark.now(run.audit_log)
        with Waves(run.kubectl, NAMESPACE, name) as pods:
            began = time.monotonic()
            who.start(name, image, FOUR_PAUSES)
            who.until_done([name], image)
            ended = time.monotonic()
            wave = pods.seconds(began, ended)
        counted = requests_since(mark, agent=who.agent)
        over.append(ended - began - 4 * PAUSE_SECONDS - wave)
        waves.append(wave)
        writes.append(writes_in(counted))
        events.append(counted["event"])
    what, limit = f"{who.name}: canary of 10, 4 pauses", OVERHEAD_SECONDS if isinstance(who, Slipway) else None
    note = f"best of {rounds}: {min(over):.2f} s; Pods on their way {statistics.median(waves):.2f} s"
    yield Line(f"{what}: over pauses and Pods, median", round(statistics.median(over), 2), "s", limit, note)
    most = MOST_WRITES if isinstance(who, Slipway) else None
    yield Line(
        f"{what}: own writes", statistics.median(writes), "writes", most, f"{statistics.median(events):g} Events"
    )


def measure_crowd(run: Bench, who: Bringer, number: int, *, rate: str) -> Iterator[Line]:
    """Canaries of 5 replicas, all begun at once. The first line is how long they took."""
    crowd = next(_numbers)
    names = [f"{_slug(who)}-crowd-{crowd}-{index:03}" for index in range(number)]
    who.make(names, 5)
    image, mark, processes = _next_image(), Mark.now(run.audit_log), Processes(run, who.processes())
    began = time.monotonic()
    together(lambda name: who.start(name, image, CROWD_STEPS), names)
    who.until_done(names, image)
    took = time.monotonic() - began
    (cpu, of_each), memory = processes.cpu(), processes.memory()
    counted = requests_since(mark, agent=who.agent)
    what = f"{who.name}: {number} canaries of 5 at once, controller manager at {rate}"
    yield Line(f"{what}: last one done", round(took, 1), "s")
    each_wrote, told = writes_in(counted) / number, counted["event"] / number
    yield Line(f"{what}: own writes of each", round(each_wrote, 1), "writes", None, f"{told:.1f} Events")
    yield Line(f"{what}: CPU of all processes", round(cpu, 1), "s", None, f"{of_each}; MB: {memory}")


def measure_memory(who: Contender, number: int) -> Iterator[Line]:
    """What the process that has brought a crowd holds."""
    yield Line(f"{who.name}: memory of what moves them, after {number}", round(who.memory_mb()), "MB")


def measure_crowds(run: Bench, mine: Slipway, number: int, *, rounds: int, rate: str) -> Iterator[Line]:
    """Crowds of the idealised loop and of Slipway in turns, and last the mean of ours by the mean of the loop's.

    Machines differ, the ratio does not; the processors of a virtual machine change their speed within minutes.
    """
    loop = Idealised(run)
    least: list[float] = []
    most: list[float] = []
    turns: list[tuple[Bringer, list[float]]] = [(loop, least)]
    for _ in range(rounds):
        turns += [(mine, most), (loop, least)]
    for who, took in turns:
        lines = list(measure_crowd(run, who, number, rate=rate))
        took.append(float(lines[0].figure))
        yield from lines
    ratio = round(statistics.mean(most) / statistics.mean(least), 2)
    # A crowd of another number has no budget.
    limit = TIMES_IDEALISED if number == 100 else None
    note = f"{_seconds(most)} by {_seconds(least)}"
    yield Line(f"{mine.name}: {number} canaries of 5 at once, by the idealised loop", ratio, "times", limit, note)


def _seconds(took: list[float]) -> str:
    return " ".join(f"{one:g}" for one in took) + " s"


def measure_abort(run: Bench, who: Contender, rounds: int) -> Iterator[Line]:
    """From the call until ten Pods of the old version alone are there, from a stop at 50 %."""
    name = f"{_slug(who)}-abort"
    who.make([name], 10)
    took, over = [], []
    for _ in range(rounds):
        old = str(pods_of(run, name)[0]["spec"]["containers"][0]["image"])
        who.start(name, _next_image(), TO_THE_HALF)
        who.until_stopped(name)
        with Waves(run.kubectl, NAMESPACE, name) as pods:
            began = time.monotonic()
            who.abort(name)
            took.append(seconds_until(lambda: only(pods_of(run, name), old, 10)))  # noqa: B023 - asked at once
            over.append(took[-1] - pods.seconds(began, time.monotonic()))
        _make_whole(who, name, old)
    note = f"{statistics.median(over):.2f} s over Pods on their way"
    yield Line(
        f"{who.name}: abort at 50 % until the old version is whole", round(statistics.median(took), 2), "s", None, note
    )


def measure_kill(run: Bench, who: Contender, number: int) -> Iterator[Line]:
    """The same crowd twice, the second time with a kill -9 in its middle."""
    names = [f"{_slug(who)}-kill-{index:03}" for index in range(number)]
    who.make(names, 5)
    took: list[float] = []
    for killed in (False, True):
        image = _next_image()
        began = time.monotonic()
        together(lambda name: who.start(name, image, CROWD_STEPS), names)  # noqa: B023 - done within the turn
        if killed:
            time.sleep(max(0.0, took[0] / 2 - (time.monotonic() - began)))
            who.kill()
        who.until_done(names, image)
        took.append(time.monotonic() - began)
    limit = LOST_SECONDS if isinstance(who, Slipway) else None
    note = f"{took[0]:.1f} s without, {took[1]:.1f} s with"
    yield Line(f"{who.name}: lost to a kill -9 amid {number} canaries", round(took[1] - took[0], 1), "s", limit, note)


def _make_whole(who: Contender, name: str, old: str) -> None:
    """The peer stays aborted until it is told what it shall be; a release that was aborted has ended."""
    if isinstance(who, Rollouts):
        who.start(name, old, TO_THE_HALF)
        who.until_done([name], old)


def _next_image() -> str:
    return f"{IMAGE}:2.0.{next(_numbers)}"


def _slug(who: Bringer) -> str:
    return who.name.lower().replace(" ", "-")


def measure_alone(run: Bench, who: Contender, *, quick: bool) -> Iterator[Line]:
    """What is measured of few canaries."""
    yield from measure_one(run, who, 2 if quick else 5)
    yield from measure_abort(run, who, 1 if quick else 5)
    yield from measure_kill(run, who, 4 if quick else 20)


def measure_both(run: Bench, *, quick: bool, rate: str, crowd: int, peer: bool, alone: bool) -> Iterator[Line]:
    """Slipway and the least possible, then the peer as shipped, and with its own limit lifted where that tells more.

    At the stock rate the crowds only: there everybody waits for the controller manager.
    """
    mine, crowd, alone = Slipway(run), 5 if quick else crowd, alone and rate != "stock"
    if alone:
        yield from measure_alone(run, mine, quick=quick)
    if rate == "stock":
        both: list[Bringer] = [Idealised(run), mine]
        for who in both:
            yield from measure_crowd(run, who, crowd, rate=rate)
    else:
        yield from measure_crowds(run, mine, crowd, rounds=1 if quick else CROWD_ROUNDS, rate=rate)
    yield from measure_memory(mine, crowd)
    if not peer:
        return
    for qps in (None,) if rate == "stock" or quick else (None, 500):
        rival = Rollouts(run, run.kubeconfig, qps=qps)
        rival.begin()
        try:
            if qps is not None:
                rival.name = "Argo Rollouts unlimited"
            elif alone:
                yield from measure_alone(run, rival, quick=quick)
            yield from measure_crowd(run, rival, crowd, rate=rate)
            yield from measure_memory(rival, crowd)
        finally:
            rival.stop()


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--peer", action="store_true", help="Argo Rollouts as well; builds it first (about ten minutes)"
    )
    parser.add_argument("--quick", action="store_true", help="few and small")
    parser.add_argument("--stock", action="store_true", help="the controller manager at its own 20 requests a second")
    parser.add_argument("--crowds", action="store_true", help="the crowds only")
    parser.add_argument("--at-once", type=int, default=100, help="how many canaries are a crowd")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    rate = "stock" if asked.stock else "500/s"
    lines: list[Line] = []
    try:
        with bench(stock_rate=asked.stock) as run:
            alone, crowd = not asked.crowds, asked.at_once
            lines.extend(measure_both(run, quick=asked.quick, rate=rate, crowd=crowd, peer=asked.peer, alone=alone))
    finally:
        # What was measured before something broke is worth keeping.
        write(lines, asked.json)
        kept = show(lines)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
