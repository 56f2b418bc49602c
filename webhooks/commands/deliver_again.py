"""Deliver again what a source told before."""

from __future__ import annotations

import time
import uuid

from django.db.transaction import atomic

from accounts.commands.robots import require_keeper
from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from durable.clock import database_time
from durable.idempotency import note_made
from web.live import publish
from webhooks.commands.receive import INLINE_SECONDS
from webhooks.matching import work_of
from webhooks.models import WebhookDelivery
from webhooks.payloads.push import Push
from webhooks.working import work_on


def deliver_again(by: User, delivery: WebhookDelivery) -> WebhookDelivery:
    """Do what the rules of today make of the images of an earlier delivery, as its robot. Raises NotPermitted."""
    source = delivery.source
    require(by, "webhook_source.deliver_again", source.team)
    require_keeper(by, source.robot)
    work = work_of(source.rules, [Push(**push) for push in delivery.pushes])
    now = database_time()
    again = WebhookDelivery(
        source=source,
        key=f"again:{uuid.uuid4()}",
        body_hash=delivery.body_hash,
        event=delivery.event,
        pushes=delivery.pushes,
        work=work,
        received_at=now,
        due_at=now if work else None,
        done_at=None if work else now,
        again_of=delivery,
    )
    with atomic():
        again.save(force_insert=True)
        note_made(again.pk)
        after = {"delivery": str(again.pk), "again_of": str(delivery.pk)}
        audit(by, "webhook_source.deliver_again", source, after=after, team=source.team.name)
        publish(f"webhook_source:{source.name}")
    work_on(again.pk, until=time.monotonic() + INLINE_SECONDS)
    again.refresh_from_db()
    return again
