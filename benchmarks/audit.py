"""What was asked of the API server, from its audit log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITES = {"create", "update", "patch", "delete", "deletecollection"}


@dataclass(frozen=True)
class Mark:
    """A position in the log that is good also after the log was moved away because it was full."""

    log: Path
    file: int
    offset: int

    @classmethod
    def now(cls, log: Path) -> Mark:
        """The end of the log."""
        found = log.stat()
        return cls(log, found.st_ino, found.st_size)

    def lines(self) -> Iterator[str]:
        """What was written since. Raises LookupError when the log was moved away so often that some of it is gone."""
        kept = sorted(self.log.parent.glob(f"{self.log.stem}*{self.log.suffix}"), key=lambda file: file.stat().st_mtime)
        numbers = [file.stat().st_ino for file in kept]
        if self.file not in numbers:
            raise LookupError("the audit log was moved away more than once: measure less at a time")
        for index, file in enumerate(kept[numbers.index(self.file) :]):
            with file.open() as log:
                log.seek(self.offset if index == 0 else 0)
                yield from log


def requests_since(mark: Mark, *, agent: str = "slipway/") -> Counter[str]:
    """One caller's requests after a position of the log, by verb: dry runs apart, and writes of Events apart."""
    counted: Counter[str] = Counter()
    for line in mark.lines():
        entry = json.loads(line)
        if entry.get("stage") == "ResponseComplete" and entry.get("userAgent", "").startswith(agent):
            is_event = entry.get("objectRef", {}).get("resource") == "events"
            kind = "dry run" if "dryRun=" in entry["requestURI"] else "event" if is_event else entry["verb"]
            counted[kind] += 1
    return counted


def writes_in(counted: Counter[str]) -> int:
    """How many of them change something; Events are not among them."""
    return sum(count for verb, count in counted.items() if verb in WRITES)
