"""Every measurement after the other, and one table of budgets.

Usage: python -m benchmarks [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import cli_start, events, memory, releases
from benchmarks.portal import bench
from benchmarks.table import Line, read, show, write


def pages(*options: str) -> list[Line]:
    """The pages, in a process of their own: Django is set up for one database."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pages.json"
        subprocess.run([sys.executable, "-m", "benchmarks.pages", *options, "--json", str(file)], check=False)
        return read(file)


def everything() -> list[Line]:
    """What `make bench` measures."""
    lines = [*cli_start.measure(20), *pages(), *_marked(pages("--postgres"), " on PostgreSQL")]
    with bench() as run:
        lines += events.measure(run, 20)
        lines += releases.measure(run, quick=False, rate="500/s")
        lines += memory.measure(run, 5000)
    with bench(stock_rate=True) as run:
        lines += releases.measure(run, quick=False, rate="stock")
    return lines


def a_few() -> list[Line]:
    """What `make bench-quick` measures, in under two minutes."""
    lines = [*cli_start.measure(5), *pages("--quick")]
    with bench() as run:
        lines += events.measure(run, 5)
        lines += releases.measure(run, quick=True, rate="500/s")
        lines += memory.measure(run, 200)
    return lines


def _marked(lines: list[Line], mark: str) -> list[Line]:
    return [Line(line.what + mark, line.figure, line.unit, line.limit, line.note) for line in lines]


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small subset")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    lines = a_few() if asked.quick else everything()
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
