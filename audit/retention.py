"""Removing the beginning of the log after its time, in a way that the rest still verifies.

1. Only whole beginnings of the chain go, entry after entry as long as each is old enough: never one from the middle.
2. What goes is checked against the chain first; a broken chain is evidence, and none of it is removed.
3. Where a folder is configured, it is written there as lines of JSON before it goes.
4. A Checkpoint with number and hash of the last entry that went stands where the chain now begins, and an entry of its
   own says what was removed, all in one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from audit import chain
from audit.export import line_of
from audit.models import Checkpoint, Entry
from audit.record import audit
from durable.clock import database_time

PORTION = 5000
log = structlog.get_logger(__name__)

# Rooms above add what still needs entries: a function that answers the number after which all have to stay, or None.
holds: list[Callable[[], int | None]] = []


class ChainBroken(Exception):
    """The beginning of the chain is not what was sealed; nothing was removed."""

    def __init__(self, number: int) -> None:
        super().__init__(f"entry {number} does not fit the chain; nothing was removed")
        self.number = number


def remove_old(go_on: Callable[[], bool] = lambda: True) -> int:
    """Remove what is older than SLIPWAY_AUDIT_KEEP_DAYS, portion by portion while `go_on` says so. Answers how many.

    Raises ChainBroken, and OSError where the folder cannot be written.
    """
    if not settings.AUDIT_KEEP_DAYS:
        return 0
    before = database_time() - timedelta(days=settings.AUDIT_KEEP_DAYS)
    removed = 0
    while portion := _next_portion(before):
        removed += _remove(portion)
        if not go_on():
            break
    return removed


def _next_portion(before: datetime) -> list[Entry]:
    """The first entries of the chain, none of them younger, none that somebody still needs."""
    start = Checkpoint.objects.first()
    number, last = (start.number, start.hash) if start else (0, "")
    held = [limit for hold in holds if (limit := hold()) is not None]
    found = Entry.objects.filter(number__gt=number)
    if held:
        found = found.filter(number__lte=min(held))
    portion: list[Entry] = []
    for entry in found.order_by("number")[:PORTION]:
        if entry.at >= before:
            break
        number += 1
        if not chain.fits(entry, number, last):
            raise ChainBroken(number)
        last = entry.hash
        portion.append(entry)
    return portion


def _remove(portion: list[Entry]) -> int:
    first, last = portion[0], portion[-1]
    numbers = (first.number or 0, last.number or 0)
    file = _written(portion, *numbers) if settings.AUDIT_ARCHIVE else ""
    with transaction.atomic():
        checkpoint = Checkpoint.objects.create(
            number=numbers[1],
            hash=last.hash,
            count=len(portion),
            file=file,
            proof=chain.proven(numbers[1], last.hash),  # type: ignore[misc]
        )
        removed = Entry.objects.remove_beginning(checkpoint)
        audit(
            None,
            "audit.remove_old",
            checkpoint,
            before={"first": numbers[0], "last": numbers[1], "hash": last.hash},
            file=file,
        )
    log.info("audit.removed_old", first=numbers[0], last=numbers[1], file=file)
    return removed


def _written(portion: list[Entry], first: int, last: int) -> str:
    """The portion as a file that is there whole or not at all. Answers its name."""
    folder = Path(settings.AUDIT_ARCHIVE)
    name = f"audit-{first:012d}-{last:012d}.jsonl"
    unfinished = folder / f"{name}.part"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(line_of(entry) for entry in portion)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / name)
    return name
