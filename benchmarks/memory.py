"""How much memory each process takes, and how much more the watcher takes for what it watches.

Pods that no scheduler takes are made on the sandbox, so that the watcher has them to follow while nothing else moves.

Usage: python -m benchmarks.memory [--pods 5000] [--json FILE]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.portal import NAMESPACE, Bench, bench, together, until
from benchmarks.table import Line, show, write

LIMITS_MB = {"web": 250.0, "worker": 250.0, "watch": 150.0, "beat": None, "valkey": None}
WATCH_KB_PER_OBJECT = 2.0
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SEEN_SECONDS = 300


def measure(run: Bench, pods: int) -> list[Line]:
    """Resident and proportional memory of each process; the watcher's before and after it has learnt of the Pods."""
    before = resident_mb(run.portal.pid("watch"))
    watched = _watched(run)
    together(lambda number: run.kubectl.create(PODS, _idle_pod(number)), range(pods))
    until(lambda: _watched(run) >= watched + pods, SEEN_SECONDS, pause=1.0)
    after = resident_mb(run.portal.pid("watch"))
    lines = []
    for name, limit in LIMITS_MB.items():
        ids = list(_family(run.portal.pid(name)))
        own = sum(resident_mb(pid) for pid in ids)
        if name == "watch" and limit:
            limit += WATCH_KB_PER_OBJECT * (watched + pods) / 1000
        note = f"PSS {sum(proportional_mb(pid) for pid in ids):.0f} MB" + (f", {len(ids)} processes" if ids[1:] else "")
        lines.append(Line(f"memory of {name}", round(own), "MB", round(limit) if limit else None, note))
    grown = (after - before) * 1000 / pods
    note = f"{pods} Pods on top of {watched} objects"
    lines.append(Line("memory of watch for each object", round(grown, 2), "kB", WATCH_KB_PER_OBJECT, note))
    return lines


def _idle_pod(number: int) -> dict[str, object]:
    container = {"name": "idle", "image": "registry.bench.example/idle:1"}
    spec = {"schedulerName": "nobody", "containers": [container]}
    return {"metadata": {"name": f"idle-{number:05}", "labels": {"app": "idle"}}, "spec": spec}


def _watched(run: Bench) -> int:
    """How many objects the watcher has written."""
    import sqlite3

    with sqlite3.connect(f"file:{run.portal.home / 'slipway.sqlite3'}?mode=ro", uri=True) as database:
        count: int = database.execute("SELECT count(*) FROM clusters_observation").fetchone()[0]
    return count


def _family(pid: int) -> Iterable[int]:
    """The process and all that came from it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def resident_mb(pid: int) -> float:
    """Resident memory, shared pages included."""
    return _kilobytes(Path(f"/proc/{pid}/status").read_text(), "VmRSS") / 1024


def proportional_mb(pid: int) -> float:
    """Resident memory where a page that several share counts to each only in part."""
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup").read_text(), "Pss") / 1024


def _kilobytes(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with bench() as run:
        lines = measure(run, asked.pods)
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
