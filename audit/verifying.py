"""Looking at the whole chain from time to time, keeping what came of it, and telling of a break loudly."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings

from audit import chain
from audit.models import Verification
from durable.clock import database_time
from web.live import publish

log = structlog.get_logger(__name__)
KEPT = timedelta(days=400)


def verify(go_on: Callable[[], bool] = lambda: True) -> chain.Verdict:
    """Verify now and keep the result for the page, the metric and the banner. Raises chain.Interrupted."""
    began = time.monotonic()
    verdict = chain.verify(go_on)
    now = database_time()
    Verification.objects.create(
        at=now,
        valid=verdict.valid,
        broken_at=verdict.broken_at,
        since=verdict.since,
        up_to=verdict.up_to,
        guarded=verdict.guarded,
        seconds=round(time.monotonic() - began, 3),
    )
    Verification.objects.filter(at__lt=now - KEPT).delete()
    if not verdict.valid:
        log.error("audit.chain_broken", broken_at=verdict.broken_at, since=verdict.since)
    elif not verdict.guarded:
        log.error("audit.guard_missing")
    publish("audit", "home")
    return verdict


def is_due() -> bool:
    """Whether the last look is longer ago than SLIPWAY_AUDIT_VERIFY_HOURS; 0 means that nobody wants any."""
    if not settings.AUDIT_VERIFY_HOURS:
        return False
    oldest = database_time() - timedelta(hours=settings.AUDIT_VERIFY_HOURS)
    return not Verification.objects.filter(at__gt=oldest).exists()
