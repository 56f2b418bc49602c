"""Try an audit sink out."""

from __future__ import annotations

from django.db.transaction import atomic

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from durable.clock import DbNow
from durable.idempotency import note_made
from sinks.models import AuditSink


def test_sink(by: User, sink: AuditSink) -> AuditSink:
    """Write an entry that says it is a test, which goes by the way that all others go; a failing sink is tried at once.

    Raises NotPermitted.
    """
    require(by, "audit_sink.test", None)
    with atomic():
        note_made(sink.pk)
        audit(by, "audit_sink.test", sink, after={"host": sink.host})
        AuditSink.objects.filter(pk=sink.pk).update(due_at=DbNow(), attempts=0)
    return sink


# pytest takes what begins with “test_” for a test where a test imports it.
test_sink.__test__ = False  # type: ignore[attr-defined]
