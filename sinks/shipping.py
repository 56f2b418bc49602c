"""Bringing a sink up to the head of the chain: in order, at least once.

1. A sink that is due is owned by a conditional UPDATE; another process leaves it alone until the lease lapses.
2. Sealed entries after `position` go out in batches. Only once a batch has arrived does `position` move, under the same
   lease: a process that dies between the two has the batch sent again.
3. What fails is tried again later and later, five minutes apart in the end, for ever: the log waits in the database.
Each sink has a task of its own, so that a dead one holds up no other.
"""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import structlog
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from audit.models import ChainHead, Entry
from durable.clock import DbNow
from sinks.models import AuditSink, SinkQuerySet
from sinks.sending import NotSent, send
from web.live import publish

# Longer than one batch may take with all its time-outs: to resolve, to connect, to send, to hear the end.
LEASE_SECONDS = 60.0
AT_ONCE_SECONDS = 30.0
BATCH = 200
MOST_BYTES = 512 * 1024
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 5, 300

log = structlog.get_logger(__name__)


def due() -> list[UUID]:
    """The sinks that somebody should serve now: switched on, behind, and held by nobody."""
    head = ChainHead.objects.values_list("number", flat=True).first() or 0
    return list(_free().filter(position__lt=head).order_by("due_at").values_list("pk", flat=True))


def ship(sink_id: UUID | str) -> int:
    """Send what a sink does not have yet. Answers how many entries arrived."""
    owner = uuid4().hex
    if not _free().filter(pk=sink_id).update(lease_owner=owner, lease_until=DbNow(LEASE_SECONDS)):
        return 0
    mine = AuditSink.objects.filter(pk=sink_id, lease_owner=owner)
    arrived, until = 0, time.monotonic() + AT_ONCE_SECONDS
    try:
        while time.monotonic() < until and (sink := mine.first()) and (batch := _next(sink.position)):
            try:
                send(sink, batch)
            except NotSent as failure:
                _failed(sink, owner, str(failure))
                return arrived
            if not mine.update(
                position=batch[-1].number,
                delivered_at=DbNow(),
                attempts=0,
                failing_since=None,
                error="",
                lease_until=DbNow(LEASE_SECONDS),
            ):
                return arrived
            arrived += len(batch)
        mine.update(due_at=DbNow())
    finally:
        mine.update(lease_owner="", lease_until=None)
        publish("audit_sinks")
    return arrived


def delay_after(attempts: int) -> int:
    """Seconds until the next attempt: doubled each time, five minutes at most."""
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS << min(20, max(0, attempts - 1)))


def _free() -> SinkQuerySet:
    free = Q(lease_owner="") | Q(lease_until__lte=DbNow())
    return AuditSink.objects.filter(free, is_active=True, due_at__lte=DbNow())


def _next(position: int) -> list[Entry]:
    """The entries after `position`, as many as make one batch."""
    batch: list[Entry] = []
    size = 0
    for entry in Entry.objects.filter(number__gt=position).order_by("number")[:BATCH]:
        size += _weight(entry)
        if batch and size > MOST_BYTES:
            break
        batch.append(entry)
    return batch


def _weight(entry: Entry) -> int:
    """About how long the entry is as a line."""
    return 800 + sum(len(str(part)) for part in (entry.before, entry.after, entry.data) if part)


def _failed(sink: AuditSink, owner: str, why: str) -> None:
    log.warning("audit_sink.not_sent", sink=str(sink.pk), why=why, attempts=sink.attempts + 1)
    AuditSink.objects.filter(pk=sink.pk, lease_owner=owner).update(
        attempts=F("attempts") + 1,
        failing_since=Coalesce("failing_since", DbNow()),
        due_at=DbNow(delay_after(sink.attempts + 1)),
        error=why[:500],
    )
