"""Rotate the secret of a source of webhooks."""

from __future__ import annotations

from datetime import timedelta

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.commands.robots import require_keeper
from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from web.errors import Invalid
from web.etag import claim_version
from webhooks.models import WebhookSource
from webhooks.secrets import OVERLAPS, rotated


def rotate_source(by: User, source: WebhookSource, *, overlap: timedelta = timedelta(0)) -> str:
    """Make a new secret and answer it; the one before works on for `overlap`. Who knows it lets the robot act, and so
    holds what the robot holds. Raises NotPermitted, Invalid.
    """
    require(by, "webhook_source.rotate", source.team)
    require_keeper(by, source.robot)
    if not timedelta(0) <= overlap <= OVERLAPS:
        detail = _("The old secret may live for 0 to %(most)d seconds.") % {"most": int(OVERLAPS.total_seconds())}
        raise Invalid.at("/overlap", "invalid", detail)
    with atomic():
        claim_version(source)
        source.secret = rotated(source.secret, overlap)
        source.save(update_fields=["secret"])
        seconds = int(overlap.total_seconds())
        audit(by, "webhook_source.rotate", source, after={"overlap_seconds": seconds}, team=source.team.name)
    secret: str = source.secret["now"]
    return secret
