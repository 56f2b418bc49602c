"""Edit a channel."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from notifications.commands.create import ChannelNameTaken, fill, require_private
from notifications.facts import channel_audit
from notifications.models import Channel
from notifications.rules import checked_channel
from web.errors import Invalid
from web.etag import claim_version


def edit_channel(by: User, channel: Channel, /, **fields: Any) -> Channel:
    """Change the given fields; a `url` or `key` that is not given stays.

    Raises NotPermitted, Invalid with a pointer for each bad field, ChannelNameTaken, PreconditionFailed.
    """
    require(by, "channel.edit", channel.team)
    if channel.allow_private_address:
        # Whoever may not allow private addresses may not turn a channel that has them to another one.
        require_private(by, {"allow_private_address": "url" in fields})
        fields = {"allow_private_address": True, **fields}
    if fields.get("allow_private_address") and not channel.allow_private_address:
        require_private(by, fields)
    if fields.pop("kind", channel.kind) != channel.kind:
        raise Invalid.at("/kind", "fixed", _("A channel keeps its kind: make another one."))
    clean = checked_channel(fields, channel.kind)
    before = channel_audit(channel)
    fill(channel, clean)
    try:
        with atomic():
            claim_version(channel)
            channel.save()
            changed = sorted(name for name in ("url", "key") if clean.get(name))
            audit(
                by,
                "channel.edit",
                channel,
                before=before,
                after=channel_audit(channel),
                team=channel.team.name if channel.team else "",
                replaced=changed,
            )
    except IntegrityError as error:
        raise ChannelNameTaken(
            _("There is a channel “%(name)s” already.") % {"name": channel.name}, next=_("Choose another name.")
        ) from error
    return channel
