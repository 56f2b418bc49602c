"""The hash chain over the audit log: sealing new entries, and checking that nothing was changed or removed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.db import transaction

from audit import guard
from audit.models import ChainHead, Checkpoint, Entry
from durable.encryption import SealBroken, Sealed, seal

BATCH = 200
CHUNK = 1000
_FIRST_FIELDS = (
    *("id", "at", "actor", "actor_id", "token_name", "action", "object_type", "object_id", "object_name"),
    *("team", "request_id", "before", "after", "data"),
)
# What the hash of an entry covers, by its `seal`. A set that was used once stays for ever.
SEALED_FIELDS: dict[int, tuple[str, ...]] = {
    1: _FIRST_FIELDS,
    2: (*_FIRST_FIELDS, "seal", "on_behalf_of", "way", "address"),
}


class Interrupted(Exception):
    """Whoever looks at the chain was told to stop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds. `since` is the first number that is still there, `broken_at` the first that is missing
    or does not fit, `guarded` whether the database itself refuses changes."""

    valid: bool
    broken_at: int | None
    checked: int
    unsealed: int
    since: int = 1
    guarded: bool = True

    @property
    def up_to(self) -> int:
        """The last number that was looked at."""
        return self.since + self.checked - 1

    def as_json(self) -> dict[str, Any]:
        """The members as the API answers them."""
        return asdict(self)


def content_of(entry: Entry) -> dict[str, Any]:
    """What the hash of an entry covers."""
    return {name: getattr(entry, name) for name in SEALED_FIELDS[entry.seal]}


def link(number: int, prev_hash: str, content: Mapping[str, Any]) -> str:
    """The hash of one entry's content at its place in the chain."""
    text = orjson.dumps([number, prev_hash, content], option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(text).hexdigest()


def fits(entry: Entry, number: int, prev_hash: str) -> bool:
    """Whether an entry is what was sealed at this place."""
    if entry.seal not in SEALED_FIELDS:
        return False
    place = (entry.number, entry.prev_hash, entry.hash)
    return place == (number, prev_hash, link(number, prev_hash, content_of(entry)))


def seal_batch() -> int:
    """Put the next entries into the chain. Answers how many.

    Two sealers at once do no harm: the head moves by a conditional UPDATE, and the slower one's work is undone.
    """
    ChainHead.objects.bulk_create([ChainHead()], ignore_conflicts=True)
    head = ChainHead.objects.get()
    entries = list(Entry.objects.filter(number=None).order_by("id")[:BATCH])
    if not entries:
        return 0
    with transaction.atomic():
        number, last = head.number, head.hash
        for entry in entries:
            number += 1
            fingerprint = link(number, last, content_of(entry))
            Entry.objects.filter(pk=entry.pk, number=None).update(number=number, prev_hash=last, hash=fingerprint)
            last = fingerprint
        there = ChainHead.objects.filter(number=head.number, hash=head.hash)
        if not there.update(number=number, hash=last, proof=proof_of_head(number, last)):
            transaction.set_rollback(True)
            return 0
    return len(entries)


def verify(go_on: Callable[[], bool] = lambda: True) -> Verdict:
    """Walk what is left of the chain, from the latest checkpoint to its head.

    `go_on` is asked every thousand entries; Interrupted when it says no. A beginning that is removed meanwhile is no
    break: then the walk is done once more.
    """
    while True:
        start = Checkpoint.objects.first()
        verdict = _walk(start, go_on)
        if verdict.valid or Checkpoint.objects.first() == start:
            return verdict


def is_genuine(row: ChainHead | Checkpoint) -> bool:
    """Whether Slipway itself, with its key, wrote the row."""
    try:
        return bool(row.proof == proven(row.number, row.hash))
    except SealBroken:
        return False


def proven(number: int, fingerprint: str) -> dict[str, Any]:
    """What the encrypted part of a head and of a checkpoint says."""
    return {"number": number, "hash": fingerprint}


def proof_of_head(number: int, fingerprint: str) -> Sealed:
    """The encrypted part of the head, ready for an UPDATE."""
    return seal(proven(number, fingerprint), bound_to=f"{ChainHead._meta.db_table}/1")


def _walk(start: Checkpoint | None, go_on: Callable[[], bool]) -> Verdict:
    head = ChainHead.objects.first() or ChainHead()
    unsealed = Entry.objects.filter(number=None).count()
    number, last = (start.number, start.hash) if start else (0, "")
    since, guarded = number + 1, guard.is_up()

    def verdict(broken_at: int | None) -> Verdict:
        return Verdict(broken_at is None, broken_at, max(0, number - since + 1), unsealed, since, guarded)

    if start and (not is_genuine(start) or Entry.objects.filter(number__lte=start.number).exists()):
        return verdict(start.number)
    for entry in _sealed(since, head.number):
        number += 1
        if not fits(entry, number, last):
            return verdict(number)
        last = entry.hash
        if number % CHUNK == 0 and not go_on():
            raise Interrupted
    if (number, last) != (head.number, head.hash):
        return verdict(number + 1)
    return verdict(None if not head.number or is_genuine(head) else head.number)


def _sealed(since: int, up_to: int) -> Iterator[Entry]:
    """Sealed entries in the order of the chain; those sealed since the head was read are left for the next time."""
    return Entry.objects.filter(number__range=(since, up_to)).order_by("number").iterator(chunk_size=CHUNK)
