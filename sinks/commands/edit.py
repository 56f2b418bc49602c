"""Edit an audit sink."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from durable.clock import DbNow
from sinks.commands.create import taken
from sinks.facts import sink_audit
from sinks.models import AuditSink
from sinks.rules import SECRETS, checked_sink, fill
from web.etag import claim_version
from web.live import publish

WRITTEN = ("name", "kind", "host", "secret", "authority", "allow_private_address", "is_active")


def edit_sink(by: User, sink: AuditSink, /, **fields: Any) -> AuditSink:
    """Change the given fields; an `address`, `bearer` or `key` that is not given stays, a bearer only at its host.

    It is tried again at once.

    Raises NotPermitted, Invalid with a pointer for each bad field, SinkNameTaken, PreconditionFailed.
    """
    require(by, "audit_sink.edit", None)
    given = dict(fields)
    if fields.get("allow_private_address", sink.allow_private_address) != sink.allow_private_address:
        # The rule for the address has changed, so the address that is there is judged by it.
        given.setdefault("address", sink.secret["address"])
    allow_private = given.get("allow_private_address", sink.allow_private_address) is True
    clean = checked_sink(given, allow_private=allow_private)
    before = sink_audit(sink)
    fill(sink, clean)
    try:
        with atomic():
            claim_version(sink)
            # How far it is belongs to whoever ships: only what was edited is written.
            sink.save(update_fields=[*WRITTEN])
            AuditSink.objects.filter(pk=sink.pk).update(due_at=DbNow(), attempts=0)
            replaced = sorted(name for name in SECRETS if name in fields)
            audit(by, "audit_sink.edit", sink, before=before, after=sink_audit(sink), replaced=replaced)
    except IntegrityError as error:
        raise taken(sink.name) from error
    publish("audit_sinks")
    return sink
