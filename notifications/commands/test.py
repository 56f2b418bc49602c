"""Try a channel out."""

from __future__ import annotations

import uuid

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from durable.clock import database_time
from durable.commit import after_commit
from durable.idempotency import note_made
from notifications.models import Channel, Notice
from notifications.tell import hint


def test_channel(by: User, channel: Channel) -> Notice:
    """Send a message that says it is a test, by the way that all others go; its row says what came of it.

    Raises NotPermitted.
    """
    require(by, "channel.test", channel.team)
    now = database_time()
    with atomic():
        notice = Notice.objects.create(
            channel=channel,
            key=f"test-{uuid.uuid4()}",
            event="channel.test",
            created_at=now,
            due_at=now,
            body={
                "event": "channel.test",
                "title": _("Slipway can reach this channel"),
                "text": _("%(by)s tried out the channel “%(name)s”.") % {"by": by.username, "name": channel.name},
                "path": channel.get_absolute_url(),
                "at": now.isoformat(),
            },
        )
        note_made(notice.pk)
        audit(by, "channel.test", channel, after={"key": notice.key}, team=channel.team.name if channel.team else "")
        after_commit(hint, [notice.pk])
    return notice


# pytest takes what begins with “test_” for a test where a test imports it.
test_channel.__test__ = False  # type: ignore[attr-defined]
