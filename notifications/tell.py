"""Telling channels of an event: rows in the transaction of the event, delivered after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from durable.clock import database_time
from durable.commit import after_commit
from notifications.models import Channel, Notice


def tell(event: str, *, key: str, teams: Iterable[str], title: str, text: str, path: str, **facts: Any) -> int:
    """Note what the channels of these teams (and those of all teams) are to be told. Call it inside the event's
    transaction. The same key again tells nobody twice. Answers how many channels are told.

    `path` leads to the page where it can be acted upon; `facts` go to machines as they are and hold no secret.
    """
    wanted = Q(team__name__in=set(teams)) | Q(team=None)
    channels = [one for one in Channel.objects.filter(wanted, is_active=True) if event in one.events]
    if not channels:
        return 0
    now = database_time()
    body = {"event": event, "title": title, "text": text, "path": path, "at": now.isoformat(), **facts}
    notices = [
        Notice(channel=channel, key=key, event=event, body=body, created_at=now, due_at=now) for channel in channels
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    after_commit(hint, [notice.pk for notice in notices])
    return len(notices)


def hint(notice_ids: Iterable[Any]) -> None:
    """Have them delivered soon. A hint that is lost costs the seconds until beat's sweep."""
    from notifications.tasks import deliver

    for notice_id in notice_ids:
        deliver.delay(str(notice_id))
