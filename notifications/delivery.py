"""Delivering what is due: owned by a conditional UPDATE, tried again with a growing delay, given up in the end."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db.models import F, Q

from durable.clock import DbNow
from notifications.models import Notice
from notifications.sending import NotSent, send
from web.live import publish

# Longer than sending may take, so that nobody else begins while it is still on its way.
LEASE_SECONDS = 30.0
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 5, 3600
MOST_ATTEMPTS = 12
MOST_A_SWEEP = 50

log = structlog.get_logger(__name__)


def deliver(notice_id: UUID | str) -> bool:
    """Send one notice if it is due and nobody else is at it. Answers whether it arrived.

    A process that dies on the way leaves a lease that lapses: it is sent again, with the same id.
    """
    free = Q(leased_until=None) | Q(leased_until__lte=DbNow())
    mine = Notice.objects.filter(free, pk=notice_id, due_at__lte=DbNow())
    if not mine.update(leased_until=DbNow(LEASE_SECONDS), attempts=F("attempts") + 1):
        return False
    notice = Notice.objects.select_related("channel").get(pk=notice_id)
    if not notice.channel.is_active:
        _done(notice, parked_at=DbNow(), answer="the channel is switched off")
        return False
    try:
        answer = send(notice)
    except NotSent as failure:
        _failed(notice, failure)
        return False
    _done(notice, delivered_at=DbNow(), answer=answer)
    return True


def sweep() -> int:
    """Deliver what is due, the oldest first. Answers how many arrived."""
    free = Q(leased_until=None) | Q(leased_until__lte=DbNow())
    due = Notice.objects.filter(free, due_at__lte=DbNow()).order_by("due_at").values_list("pk", flat=True)
    return sum(deliver(pk) for pk in list(due[:MOST_A_SWEEP]))


def delay_after(attempts: int) -> int:
    """Seconds until the next attempt: doubled each time, an hour at most."""
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS << min(20, max(0, attempts - 1)))


def _failed(notice: Notice, failure: NotSent) -> None:
    log.warning("notice.not_sent", notice=str(notice.pk), channel=str(notice.channel_id), why=str(failure))
    if failure.for_good or notice.attempts >= MOST_ATTEMPTS:
        _done(notice, parked_at=DbNow(), answer=str(failure))
        return
    rows = Notice.objects.filter(pk=notice.pk, attempts=notice.attempts)
    rows.update(due_at=DbNow(delay_after(notice.attempts)), leased_until=None, answer=str(failure))
    publish(f"channel:{notice.channel_id}")


def _done(notice: Notice, **outcome: object) -> None:
    """Only under the attempt that it belongs to: a stalled one must not overwrite what a later one found."""
    Notice.objects.filter(pk=notice.pk, attempts=notice.attempts).update(due_at=None, leased_until=None, **outcome)
    publish(f"channel:{notice.channel_id}")
