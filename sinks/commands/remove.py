"""Remove an audit sink."""

from __future__ import annotations

from django.db.transaction import atomic

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from sinks.facts import sink_audit
from sinks.models import AuditSink
from web.etag import claim_version
from web.live import publish


def remove_sink(by: User, sink: AuditSink) -> None:
    """Send it nothing more; what it has it keeps. Raises NotPermitted, PreconditionFailed."""
    require(by, "audit_sink.remove", None)
    with atomic():
        claim_version(sink)
        audit(by, "audit_sink.remove", sink, before=sink_audit(sink))
        sink.delete()
    publish("audit_sinks")
