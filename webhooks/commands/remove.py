"""Remove a source of webhooks."""

from __future__ import annotations

from django.db.transaction import atomic

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from web.etag import claim_version
from webhooks.facts import source_audit
from webhooks.models import WebhookSource


def remove_source(by: User, source: WebhookSource) -> None:
    """Remove it with its log; what it delivers is refused from now on. Raises NotPermitted, PreconditionFailed."""
    require(by, "webhook_source.remove", source.team)
    with atomic():
        claim_version(source)
        audit(by, "webhook_source.remove", source, before=source_audit(source), team=source.team.name)
        source.delete()
