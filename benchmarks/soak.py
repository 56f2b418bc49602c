"""Whether memory grows: a portal at work for hours, with a release, a canary and a few pages in every round.

The slope is that of a straight line through the samples of a process (least squares) after its warm-up: what is loaded
with the first release of each kind is no leak.

Usage: python -m benchmarks.soak [--hours 2] [--warm-up-minutes 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from benchmarks.memory import LIMITS_MB, resident_mb
from benchmarks.portal import ENVIRONMENT, Bench, bench, signed_in
from benchmarks.table import Line, show, write

SLOPE_MB_AN_HOUR = 1.0
ROUND_SECONDS = 30.0
PAGES = ("", "services/", "releases/", "clusters/", "clusters/sandbox/", "services/soaked/")
CANARY = {"type": "canary", "traffic": "replicas", "steps": [{"set_weight": 50}, {"pause": {"seconds": 2}}]}


def work(run: Bench, *, seconds: float) -> dict[str, list[tuple[float, float]]]:
    """Rounds of work; answers for each process the hours since the start and its resident MB, once a round."""
    run.new_service("soaked", 3)
    run.until_complete("soaked")
    password = (run.portal.home / "admin-password").read_text().strip()
    person = signed_in(run.portal.url, "admin", password)
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in LIMITS_MB}
    began = time.monotonic()
    rounds = 0
    while (now := time.monotonic()) - began < seconds:
        wish = {"service": "soaked", "environment": ENVIRONMENT, "image": run.next_image("soaked")}
        release = run.post("releases/", wish | ({"strategy": CANARY} if rounds % 2 else {}))
        run.until_ended({release["id"]})
        for page in (*PAGES, f"releases/{release['id']}/"):
            person.get(page).raise_for_status()
        for name, found in samples.items():
            found.append(((time.monotonic() - began) / 3600, resident_mb(run.portal.pid(name))))
        rounds += 1
        time.sleep(max(0.0, ROUND_SECONDS - (time.monotonic() - now)))
    return samples


def slopes(samples: dict[str, list[tuple[float, float]]], *, after_hours: float) -> list[Line]:
    """One line for each process: MB an hour after the warm-up."""
    lines = []
    for name, found in samples.items():
        hours, sizes = zip(*(one for one in found if one[0] >= after_hours), strict=True)
        slope = statistics.linear_regression(hours, sizes).slope
        note = f"{sizes[0]:.0f} to {sizes[-1]:.0f} MB in {hours[-1] - hours[0]:.1f} h, {len(found)} rounds"
        lines.append(Line(f"memory of {name}: slope", round(slope, 2), "MB/h", SLOPE_MB_AN_HOUR, note))
    return lines


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--warm-up-minutes", type=float, default=20.0)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with bench() as run:
        samples = work(run, seconds=asked.hours * 3600)
    lines = slopes(samples, after_hours=asked.warm_up_minutes / 60)
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
