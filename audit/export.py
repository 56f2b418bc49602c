"""Entries as lines of JSON that prove themselves: what the hash covers, the place in the chain, and the hash.

Whoever holds such lines (a file of an export, of retention, what a sink was sent) can check them without Slipway, and
Slipway's log against them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from audit.chain import CHUNK, SEALED_FIELDS, content_of, link
from audit.models import ChainHead, Checkpoint, Entry

PLACE = ("number", "prev_hash", "hash", "seal")


def line_of(entry: Entry) -> bytes:
    """One entry with a line end. Its time reads as it was sealed."""
    place = {name: getattr(entry, name) for name in PLACE}
    return orjson.dumps({**place, **content_of(entry)}, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class Compared:
    """A file beside the log. `broken_at` is the first number that is not the same in both, `why` says how they differ;
    `lines` were read, of which `gone` are of a beginning that retention has removed since."""

    lines: int
    gone: int
    broken_at: int | None = None
    why: str = ""


def compare(lines: Iterable[bytes]) -> Compared:
    """Whether the log still holds what a file of lines says it held.

    Each line has to fit its own hash, so that a file that was changed does not accuse the log. Entries that were not
    sealed when the file was written are passed over.
    """
    start = Checkpoint.objects.first()
    removed_to = start.number if start else 0
    read = gone = 0
    for portion in _portions(lines):
        kept = dict(Entry.objects.filter(number__in=[row["number"] for row in portion]).values_list("number", "hash"))
        for row in portion:
            read += 1
            number, told = row["number"], row["hash"]
            if not _proves_itself(row):
                return Compared(read, gone, number, "the line in the file does not fit its own hash")
            if number <= removed_to:
                gone += 1
                if start and number == removed_to and told != start.hash:
                    return Compared(read, gone, number, "the checkpoint of retention has another hash")
            elif number not in kept:
                return Compared(read, gone, number, _missing(number))
            elif kept[number] != told:
                return Compared(read, gone, number, "the log holds another entry at this number")
    return Compared(read, gone)


class NoLine(Exception):
    """A line of the file cannot be read; the text says which and why."""


def _portions(lines: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    for count, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            row = orjson.loads(text)
            number, _seal, _hash = row["number"], row["seal"], row["hash"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise NoLine(f"line {count} is no entry of an audit log: {error}") from error
        if number is not None:
            portion.append(row)
        if len(portion) == CHUNK // 2:
            yield portion
            portion = []
    if portion:
        yield portion


def _proves_itself(row: dict[str, Any]) -> bool:
    names = SEALED_FIELDS.get(row["seal"], ())
    if not names or not row.keys() >= {*names, "prev_hash"}:
        return False
    return bool(row["hash"] == link(row["number"], row["prev_hash"], {name: row[name] for name in names}))


def _missing(number: int) -> str:
    head = ChainHead.objects.first()
    if head is None or head.number < number:
        return "the log ends before this number: its latest entries were removed, or it was restored from a backup"
    return "the entry was removed from the log"
