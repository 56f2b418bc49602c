"""The hash chain over the audit log: sealing new entries, and checking that nothing was changed or removed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.db import transaction

from audit.models import ChainHead, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 200
SEALED_FIELDS = (
    *("id", "at", "actor", "actor_id", "token_name", "action", "object_type", "object_id", "object_name"),
    *("team", "request_id", "before", "after", "data"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds; `broken_at` is the first number in it that is missing or does not fit."""

    valid: bool
    broken_at: int | None
    checked: int
    unsealed: int

    def as_json(self) -> dict[str, Any]:
        """The members as the API answers them."""
        return asdict(self)


def link(number: int, prev_hash: str, entry: Entry) -> str:
    """The hash of one entry at its place in the chain."""
    content = {name: getattr(entry, name) for name in SEALED_FIELDS}
    text = orjson.dumps([number, prev_hash, content], option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(text).hexdigest()


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
            fingerprint = link(number, last, entry)
            Entry.objects.filter(pk=entry.pk).update(number=number, prev_hash=last, hash=fingerprint)
            last = fingerprint
        moved = ChainHead.objects.filter(number=head.number, hash=head.hash).update(number=number, hash=last)
        if not moved:
            transaction.set_rollback(True)
            return 0
    return len(entries)


def verify() -> Verdict:
    """Walk the whole chain and compare it with its head."""
    head = ChainHead.objects.first() or ChainHead()
    unsealed = Entry.objects.filter(number=None).count()
    number, last = 0, ""
    for entry in _sealed(head.number):
        number += 1
        if entry.number != number or entry.prev_hash != last or entry.hash != link(number, last, entry):
            return Verdict(valid=False, broken_at=number, checked=number, unsealed=unsealed)
        last = entry.hash
    if number != head.number or last != head.hash:
        return Verdict(valid=False, broken_at=number + 1, checked=number, unsealed=unsealed)
    return Verdict(valid=True, broken_at=None, checked=number, unsealed=unsealed)


def _sealed(up_to: int) -> Iterator[Entry]:
    """Sealed entries in the order of the chain; those sealed since the head was read are left for the next time."""
    return Entry.objects.filter(number__lte=up_to).order_by("number").iterator(chunk_size=1000)
