"""Receive what a source delivers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import orjson
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import audit
from durable.clock import DbNow, database_time
from durable.encryption import SealBroken
from web.live import publish
from web.parsers import is_too_deep
from webhooks.errors import WebhookRefused, WebhookUnreadable
from webhooks.matching import work_of
from webhooks.models import WebhookDelivery, WebhookSource
from webhooks.payloads import pushes_of
from webhooks.proofs import Proof, proof_of, sha256
from webhooks.secrets import good_secrets, new_secret
from webhooks.working import work_on

# Registries give up after ten seconds; what is not begun by then is begun by a worker.
INLINE_SECONDS = 6.0
REPLAY = timedelta(hours=24)
DELIVERY_IDS = ("x-github-delivery", "x-gitlab-event-uuid", "x-delivery-id", "idempotency-key")
EVENTS = ("x-github-event", "x-gitlab-event", "x-event")
_ID = re.compile(r"\A[\x21-\x7e]{1,120}\Z")
_NOBODY = {"now": new_secret()}


def receive(name: str, headers: Mapping[str, str], body: bytes, address: str) -> tuple[WebhookDelivery, bool]:
    """Note what came and begin what the rules say. Answers the delivery, and whether it had come before.

    `headers` are under lower-case names. Raises WebhookRefused without a proof, WebhookUnreadable for what is no JSON.
    """
    source = WebhookSource.objects.select_related("team", "robot").filter(name=name, is_active=True).first()
    proof = proof_of(_secrets_of(source), headers, body)
    if source is None or proof is None:
        raise WebhookRefused(
            _("There is no such source, or neither a signature nor its secret came along."),
            next=_("Send X-Hub-Signature-256, X-Gitlab-Token or Authorization with the secret of the source."),
        )
    told = _read(body)
    delivery, is_new = _noted(source, proof, headers, body, told, address)
    if is_new:
        work_on(delivery.pk, until=time.monotonic() + INLINE_SECONDS)
        delivery.refresh_from_db()
    return delivery, not is_new


def _secrets_of(source: WebhookSource | None) -> list[str]:
    """Of a source that is not there somebody's: the comparison takes its time in any case."""
    try:
        return good_secrets(source.secret if source else _NOBODY)
    except SealBroken:
        return []


def _read(body: bytes) -> Any:
    try:
        if is_too_deep(body):
            raise WebhookUnreadable(_("The body is nested too deep."))
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WebhookUnreadable(
            _("The body is no JSON: %(why)s.") % {"why": error.msg}, next=_("Choose application/json at the sender.")
        ) from None


def _noted(
    source: WebhookSource, proof: Proof, headers: Mapping[str, str], body: bytes, told: Any, address: str
) -> tuple[WebhookDelivery, bool]:
    """The row of this delivery, and whether it is a new one. The same id is the same delivery; without one the same
    body within a day is. A signature proves only the body, so that a signed body counts once whatever id comes with it.
    """
    body_hash = sha256(body)
    given = next((headers[name] for name in DELIVERY_IDS if _ID.match(headers.get(name, ""))), "")
    key = f"id:{given}" if given else f"body:{body_hash}"
    earlier = source.deliveries.filter(again_of=None)
    same_body = earlier.filter(body_hash=body_hash, received_at__gt=timezone.now() - REPLAY)
    if (proof.is_signature or not given) and (found := same_body.first()):
        return found, False
    if given and (found := earlier.filter(key=key).first()):
        return found, False
    pushes = pushes_of(source.kind, told)
    work = work_of(source.rules, pushes)
    event = next((headers[name] for name in EVENTS if headers.get(name)), "")[:80]
    now = database_time()
    delivery = WebhookDelivery(
        source=source,
        key=key,
        body_hash=body_hash,
        event=event if event.isprintable() else "",
        address=address[:45],
        pushes=[asdict(push) for push in pushes],
        work=work,
        received_at=now,
        due_at=now if work else None,
        done_at=None if work else now,
    )
    try:
        with atomic():
            if not given:
                # An old one of the same body is none of today's.
                earlier.filter(key=key).update(key=f"{key}:{now.timestamp()}")
            delivery.save(force_insert=True)
            WebhookSource.objects.filter(pk=source.pk).update(last_delivery_at=DbNow())
            if work:
                after = {"delivery": str(delivery.pk), "images": [one["image"] for one in work]}
                audit(source.robot, "webhook_source.receive", source, after=after, team=source.team.name)
            publish(f"webhook_source:{source.name}")
    except IntegrityError:
        # Twice at once: the other one has it.
        return earlier.get(key=key), False
    return delivery, True
