"""Delivering what is due: owned by a lease, tried again with a growing delay, given up in the end."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db.models import F

from durable.clock import DbNow
from durable.row_lease import Held, LeaseLost, RowLease, finish, give_back, save
from notifications.models import Notice
from notifications.sending import NotSent, send
from web.live import publish

# Longer than sending may take, so that nobody else begins while it is still on its way.
LEASE = RowLease(Notice, seconds=30.0)
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 5, 3600
MOST_ATTEMPTS = 12
MOST_A_SWEEP = 50

log = structlog.get_logger(__name__)


def deliver(notice_id: UUID | str) -> bool:
    """Send one notice if it is due and nobody else is at it. Answers whether it arrived.

    A process that dies on the way leaves a lease that lapses: it is sent again, with the same id.
    """
    if not (held := LEASE.take(notice_id)):
        return False
    try:
        return _attempt(held)
    except LeaseLost:
        # A stalled attempt must not overwrite what a later one found.
        log.warning("notice.lease_lost", notice=str(notice_id))
        return False


def _attempt(held: Held) -> bool:
    save(held, attempts=F("attempts") + 1)
    notice = Notice.objects.select_related("channel").get(pk=held.pk)
    if not notice.channel.is_active:
        _done(held, notice, parked_at=DbNow(), answer="the channel is switched off")
        return False
    try:
        answer = send(notice)
    except NotSent as failure:
        _failed(held, notice, failure)
        return False
    _done(held, notice, delivered_at=DbNow(), answer=answer)
    return True


def sweep() -> int:
    """Deliver what is due, the oldest first. Answers how many arrived."""
    return sum(deliver(pk) for pk in LEASE.due(MOST_A_SWEEP))


def delay_after(attempts: int) -> int:
    """Seconds until the next attempt: doubled each time, an hour at most."""
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS << min(20, max(0, attempts - 1)))


def _failed(held: Held, notice: Notice, failure: NotSent) -> None:
    log.warning("notice.not_sent", notice=str(notice.pk), channel=str(notice.channel_id), why=str(failure))
    if failure.for_good or notice.attempts >= MOST_ATTEMPTS:
        _done(held, notice, parked_at=DbNow(), answer=str(failure))
        return
    give_back(held, look_again_in=delay_after(notice.attempts), answer=str(failure))
    publish(f"channel:{notice.channel_id}")


def _done(held: Held, notice: Notice, **outcome: object) -> None:
    finish(held, **outcome)
    publish(f"channel:{notice.channel_id}")
