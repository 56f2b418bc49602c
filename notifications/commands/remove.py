"""Remove a channel."""

from __future__ import annotations

from django.db.transaction import atomic

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from notifications.facts import channel_audit
from notifications.models import Channel
from web.etag import claim_version


def remove_channel(by: User, channel: Channel) -> None:
    """Remove it with its log; what it was still to be told is told nobody. Raises NotPermitted, PreconditionFailed."""
    require(by, "channel.remove", channel.team)
    with atomic():
        claim_version(channel)
        team = channel.team.name if channel.team else ""
        audit(by, "channel.remove", channel, before=channel_audit(channel), team=team)
        channel.delete()
