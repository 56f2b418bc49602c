"""Create a channel."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from notifications.facts import channel_audit
from notifications.models import Channel
from notifications.rules import checked_channel
from web.errors import Conflict, Invalid
from web.posting import read_hook


class ChannelNameTaken(Conflict):
    """The team has a channel of that name."""

    code = "name_taken"


def create_channel(by: User, team: Team | None, /, **fields: Any) -> Channel:
    """Make a channel of a team, or (an admin) of all teams. A webhook without a `key` gets one, told by `key_of` once.

    Raises NotPermitted, Invalid with a pointer for each bad field, ChannelNameTaken.
    """
    require(by, "channel.create", team)
    require_private(by, fields)
    kind = str(fields.pop("kind", ""))
    clean = checked_channel({"name": "", **fields}, kind)
    needed = "to" if kind == Channel.Kind.EMAIL else "url"
    if not clean.get(needed):
        raise Invalid.at(f"/{needed}", "required", _("This is needed for a channel of this kind."))
    channel = Channel(team=team, kind=kind)
    fill(channel, clean)
    try:
        with atomic():
            channel.save()
            note_made(channel.pk)
            audit(by, "channel.create", channel, after=channel_audit(channel), team=team.name if team else "")
    except IntegrityError as error:
        raise ChannelNameTaken(
            _("There is a channel “%(name)s” already.") % {"name": channel.name}, next=_("Choose another name.")
        ) from error
    return channel


def require_private(by: User, fields: dict[str, Any]) -> None:
    """Raises NotPermitted where a private address is allowed by somebody who is no admin."""
    if fields.get("allow_private_address"):
        require(by, "channel.create", None)


def fill(channel: Channel, clean: dict[str, Any]) -> None:
    """Put checked fields into the row; the address and the key of a webhook go into its sealed part."""
    for name in ("name", "events", "to", "allow_private_address", "is_active"):
        if name in clean:
            setattr(channel, name, clean[name].strip() if name == "name" else clean[name])
    if channel.kind == Channel.Kind.EMAIL:
        return
    kept: dict[str, str] = dict(channel.secret)
    kept |= {name: str(clean[name]) for name in ("url", "key") if clean.get(name)}
    if channel.kind == Channel.Kind.WEBHOOK:
        kept.setdefault("key", secrets.token_urlsafe(32))
    if "url" in clean:
        channel.host = read_hook(kept["url"], allow_private=channel.allow_private_address).host
    channel.secret = kept
