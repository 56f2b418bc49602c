"""The results of a preflight as a table of hosts and checks, and as a list of what is not passed. Plain reading."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from installs import queries
from installs.check_words import place_of, title_of
from installs.checks import destroys, may_be_overridden
from installs.models import CheckRecord

OPEN = ("fail", "warn", "unknown")


@dataclass(frozen=True)
class Cell:
    """One check on one host (or on the install as a whole, host ""), or its absence."""

    host: str
    record: CheckRecord | None

    @property
    def state(self) -> str:
        """The word for its look: acknowledged findings have one of their own."""
        if self.record is None:
            return "skip"
        return "acknowledged" if is_acknowledged(self.record) else self.record.status

    @property
    def is_open(self) -> bool:
        return self.record is not None and self.record.status in OPEN


@dataclass(frozen=True)
class Line:
    """One check with a cell for each column."""

    check: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def is_open(self) -> bool:
        return any(cell.is_open for cell in self.cells)


@dataclass(frozen=True)
class Matrix:
    """The lines in the order of TITLES; `columns` are host names, "" last where a check is about the whole."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    counts: dict[str, int]
    open: tuple[CheckRecord, ...]

    @property
    def blocking(self) -> list[CheckRecord]:
        """What has to be mended, or taken on with a reason, before an install may start."""
        return [record for record in self.open if is_blocking(record)]

    @property
    def fixable(self) -> list[CheckRecord]:
        """Findings that an install may mend first: their fix takes no data away, and nobody took them on."""
        fixed = [record for record in self.open if record.fix and record.host and not is_acknowledged(record)]
        return [record for record in fixed if not takes_data_away(record)]

    @property
    def warnings(self) -> int:
        """How many findings are in nobody's way and were taken on by nobody."""
        return sum(not is_blocking(record) and not is_acknowledged(record) for record in self.open)


def matrix_of(found: queries.Matrix) -> Matrix:
    """The stored results as the page shows them."""
    # A jump host is no node, but the way to all others.
    beside = sorted({host for _check, host in found.cells} - {*found.hosts})
    columns = (*(host for host in found.hosts if host), *beside, *(host for host in found.hosts if not host))
    lines = tuple(
        Line(check, title_of(check), tuple(Cell(host, found.cells.get((check, host))) for host in columns))
        for check in sorted(found.checks, key=place_of)
    )
    cells = [cell for line in lines for cell in line.cells if cell.record is not None]
    counts = Counter(cell.state for cell in cells)
    records = [cell.record for cell in cells if cell.is_open and cell.record is not None]
    return Matrix(columns, lines, dict(counts), tuple(sorted(records, key=_urgency)))


def is_acknowledged(record: CheckRecord) -> bool:
    """Whether a person took the finding on."""
    return record.acknowledged_at is not None and record.status in OPEN


def is_blocking(record: CheckRecord) -> bool:
    """Whether an install may not start with this: an error that nobody took on, or a warning that kubeadm stops at
    unless it is told not to."""
    if is_acknowledged(record):
        return False
    if record.status == "warn":
        return bool(record.kubeadm_name)
    return record.status == "fail" and record.severity == "error"


def takes_data_away(record: CheckRecord) -> bool:
    """Whether its fix is chosen by itself and confirmed by a name."""
    return destroys(str((record.fix or {}).get("id", "")))


def may_be_taken_on(record: CheckRecord) -> bool:
    """Whether a reason is enough to go on: for warnings always, for errors where only the person can know."""
    if record.status == "warn":
        return True
    return record.status == "fail" and (record.severity == "warning" or may_be_overridden(record.check_name))


def as_json(record: CheckRecord) -> dict[str, Any]:
    """The record as pipelines read it."""
    return {
        "host": record.host,
        "check": record.check_name,
        "severity": record.severity,
        "status": record.status,
        "observed": record.observed,
        "expected": record.expected,
        "fix_id": (record.fix or {}).get("id", ""),
        "fix_commands": (record.fix or {}).get("commands", []),
        "fix_alternatives": (record.fix or {}).get("alternatives", []),
        "doc": record.doc,
        "kubeadm_name": record.kubeadm_name,
        "acknowledged_reason": record.acknowledged_reason,
        "at": record.at.isoformat(),
    }


def _urgency(record: CheckRecord) -> tuple[int, tuple[int, str], str]:
    """Errors first, then what is not known, then warnings, and what was taken on at the end."""
    rank = len(OPEN) if is_acknowledged(record) else {"fail": 0, "unknown": 1, "warn": 2}[record.status]
    return rank, place_of(record.check_name), record.host
