"""Create an audit sink."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.models import ChainHead
from audit.record import audit
from durable.idempotency import note_made
from sinks.facts import sink_audit
from sinks.models import AuditSink
from sinks.rules import checked_sink, fill
from web.errors import Conflict, Invalid
from web.live import publish

STARTS = ("now", "beginning")


class SinkNameTaken(Conflict):
    """There is a sink of that name."""

    code = "name_taken"


def create_sink(by: User, /, *, start: str = "now", **fields: Any) -> AuditSink:
    """Send the log on to one more receiver, from `start`: what is written from now on, or all that is still there.

    Raises NotPermitted, Invalid with a pointer for each bad field, SinkNameTaken.
    """
    require(by, "audit_sink.create", None)
    if start not in STARTS:
        raise Invalid.at("/start", "choice", _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(STARTS)})
    clean = checked_sink({"name": "", **fields}, allow_private=fields.get("allow_private_address") is True)
    if not clean.get("address"):
        raise Invalid.at("/address", "required", _("Say where the log is to be sent."))
    sink = AuditSink()
    fill(sink, clean)
    try:
        with atomic():
            if start == "now":
                sink.position = ChainHead.objects.values_list("number", flat=True).first() or 0
            sink.save(force_insert=True)
            note_made(sink.pk)
            audit(by, "audit_sink.create", sink, after=sink_audit(sink))
    except IntegrityError as error:
        raise taken(sink.name) from error
    publish("audit_sinks")
    return sink


def taken(name: str) -> SinkNameTaken:
    """The refusal of a second sink of one name."""
    return SinkNameTaken(
        _("There is an audit sink “%(name)s” already.") % {"name": name}, next=_("Choose another name.")
    )
