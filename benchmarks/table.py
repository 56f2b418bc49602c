"""Figures beside the budgets they are held against, as one table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One measured figure. `limit` is the most it may be, None where no budget was set."""

    what: str
    figure: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return "-"
        return "ok" if self.figure <= self.limit else "MISSED"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def show(lines: Iterable[Line]) -> bool:
    """Print the table; answers whether every budget is kept."""
    lines = list(lines)
    width = max((len(line.what) for line in lines), default=0)
    print(f"\n{'WHAT':<{width}}  {'FIGURE':>14}  {'BUDGET':>14}         NOTE")
    for line in lines:
        limit = "" if line.limit is None else f"<= {line.limit:g} {line.unit}"
        figure = f"{line.figure:g} {line.unit}"
        print(f"{line.what:<{width}}  {figure:>14}  {limit:>14}  {line.verdict:<6} {line.note}")
    print(
        f"\n{os.cpu_count()} cores, load of the last minute {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}"
    )
    return all(line.verdict != "MISSED" for line in lines)


def write(lines: Iterable[Line], file: Path | None) -> None:
    """Keep the figures as JSON for whoever compares runs."""
    if file:
        file.write_text(json.dumps([asdict(line) for line in lines], indent=2) + "\n")


def read(file: Path) -> list[Line]:
    """What `write` kept."""
    return [Line(**line) for line in json.loads(file.read_text())]
