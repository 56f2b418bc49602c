"""The sealer: one at a time, every few seconds."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from celery import shared_task

from audit import chain
from durable import lease

BEAT: dict[str, dict[str, Any]] = {"audit-seal": {"task": "audit.seal", "schedule": 5.0}}
LEASE_SECONDS = 30


@shared_task(name="audit.seal")
def seal() -> None:
    """Put everything that is not sealed yet into the chain."""
    owner = uuid4().hex
    epoch = lease.take("audit.seal", owner, LEASE_SECONDS)
    if epoch is None:
        return
    try:
        while chain.seal_batch() == chain.BATCH and lease.renew("audit.seal", owner, epoch, LEASE_SECONDS):
            pass
    finally:
        lease.give_back("audit.seal", owner, epoch)
