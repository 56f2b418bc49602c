"""Sealer, verifier and retention: each one at a time, whatever beat and workers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from celery import shared_task

from audit import chain, retention, verifying
from durable import lease

BEAT: dict[str, dict[str, Any]] = {
    "audit-seal": {"task": "audit.seal", "schedule": 5.0},
    "audit-verify": {"task": "audit.verify", "schedule": 600.0},
    "audit-remove-old": {"task": "audit.remove_old", "schedule": 3600.0},
}
LEASE_SECONDS = 30
log = structlog.get_logger(__name__)


@shared_task(name="audit.seal")
def seal() -> None:
    """Put everything that is not sealed yet into the chain."""
    with _alone("audit.seal") as go_on:
        while go_on and chain.seal_batch() == chain.BATCH and go_on():
            pass


@shared_task(name="audit.verify")
def verify() -> None:
    """Look at the whole chain when it is time again."""
    with _alone("audit.verify") as go_on:
        if go_on and verifying.is_due():
            try:
                verifying.verify(go_on)
            except chain.Interrupted:
                log.warning("audit.verify_interrupted")


@shared_task(name="audit.remove_old")
def remove_old() -> None:
    """Remove the beginning of the log that is older than it is to be kept."""
    with _alone("audit.remove_old") as go_on:
        if go_on:
            try:
                retention.remove_old(go_on)
            except (retention.ChainBroken, OSError) as error:
                log.error("audit.not_removed", why=str(error))


@contextmanager
def _alone(name: str) -> Iterator[Callable[[], bool] | None]:
    """Own the lease of that name: answers how to stay owner, or None while another process is at it."""
    owner = uuid4().hex
    epoch = lease.take(name, owner, LEASE_SECONDS)
    if epoch is None:
        yield None
        return
    try:
        yield partial(lease.renew, name, owner, epoch, LEASE_SECONDS)
    finally:
        lease.give_back(name, owner, epoch)
