"""Doing what the rules make of a delivery: one entry after the other, each kept before the next begins.

Owned by a lease, under which alone anything is written. Work that is cut short, by the time a sender waits or by the
end of a process, is due and picked up by the sweep. Each entry goes under an idempotency key of its own, so that a
release that was made before a process died is found and not made again.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.commands import start_release
from deployments.models import Release
from deployments.plan import Wish
from durable.clock import DbNow
from durable.idempotency import AlreadyMade, StillRunning, claim, forget, under
from durable.row_lease import Held, LeaseLost, RowLease, finish, give_back, renew, save
from services.models import Environment, Service
from web.caller import acting_for
from web.errors import SlipwayError
from web.live import publish
from webhooks.matching import content_of
from webhooks.models import WebhookDelivery, WebhookSource

# Longer than one entry may take: a plan asks the cluster a few questions of three seconds each.
LEASE_SECONDS = 60.0
LEASE = RowLease(WebhookDelivery, seconds=LEASE_SECONDS)
AGAIN_SECONDS = 15.0
MOST_A_SWEEP = 20
# A tag that is pushed again and again within it is released once.
SAME_WITHIN = timedelta(seconds=60)

log = structlog.get_logger(__name__)

Entry = dict[str, Any]


def work_on(delivery_id: Any, *, until: float) -> bool:
    """Do what is left of one delivery, as long as `until` (of the monotonic clock). Answers whether it is done.

    Whoever was stalled until another one took the delivery over writes nothing any more.
    """
    if not (held := LEASE.take(delivery_id)):
        return False
    try:
        return _go_on(held, until=until)
    except LeaseLost:
        log.warning("webhook.lease_lost", delivery=str(delivery_id))
        return False


def _go_on(held: Held, *, until: float) -> bool:
    delivery = WebhookDelivery.objects.select_related("source__team", "source__robot").get(pk=held.pk)
    source, results = delivery.source, list(delivery.results)
    while len(results) < len(delivery.work):
        number = len(results)
        if time.monotonic() > until:
            give_back(held, look_again_in=0)
            return False
        if not renew(held):
            raise LeaseLost
        try:
            result = _begun(source, delivery, number)
        except StillRunning:
            give_back(held, look_again_in=AGAIN_SECONDS)
            return False
        results.append({**_told(delivery.work[number]), **result})
        save(held, results=results)
        publish(f"webhook_source:{source.name}")
    finish(held, results=results, done_at=DbNow())
    publish(f"webhook_source:{source.name}")
    return True


def sweep() -> int:
    """Go on with what is due, the oldest first. Answers how many deliveries were done."""
    return sum(work_on(pk, until=time.monotonic() + LEASE_SECONDS / 2) for pk in LEASE.due(MOST_A_SWEEP))


def _told(entry: Entry) -> Entry:
    return {name: entry[name] for name in ("match", "service", "environment", "image")}


def _begun(source: WebhookSource, delivery: WebhookDelivery, number: int) -> Entry:
    """What came of one entry: `outcome` started, same or refused. One that goes wrong does not stop the next."""
    entry = delivery.work[number]
    try:
        return _start(source, delivery, number, entry)
    except StillRunning:
        raise
    except SlipwayError as refusal:
        if recent := _recent(source, entry):
            return {"outcome": "same", "release": str(recent.pk)}
        return _refused(
            refusal.code, refusal.detail, next=str(refusal.next), blocked_by=refusal.fields.get("blocked_by")
        )
    except Exception:
        log.exception("webhook.entry_failed", delivery=str(delivery.pk), number=number)
        return _refused("internal_error", _("Something went wrong here; the log of Slipway tells more."))


def _start(source: WebhookSource, delivery: WebhookDelivery, number: int, entry: Entry) -> Entry:
    if recent := _recent(source, entry):
        return {"outcome": "same", "release": str(recent.pk)}
    service = Service.objects.select_related("team").filter(name=entry["service"], team=source.team).first()
    environment = Environment.objects.filter(name=entry["environment"]).first()
    if service is None or environment is None:
        return _refused("does_not_exist", _("The service or environment of the rule is not there any more."))
    wish = Wish(
        image=entry["image"],
        strategy=entry.get("strategy"),
        supersede=entry.get("supersede", False),
        version=entry.get("version", ""),
    )
    try:
        key = claim(source.robot.pk, f"webhook-{delivery.pk}-{number}", str(delivery.pk))
    except AlreadyMade as earlier:
        return {"outcome": "started", "release": str(earlier.kept.made)}
    try:
        with under(key), acting_for(f"webhook/{source.name}"):
            release = start_release(
                source.robot,
                service=service,
                environment=environment,
                wish=wish,
                reason=_("%(image)s was pushed (webhook %(source)s)")
                % {"image": entry["image"], "source": source.name},
                commit=entry.get("commit", ""),
            )
    except BaseException:
        forget(key)
        raise
    return {"outcome": "started", "release": str(release.pk)}


def _recent(source: WebhookSource, entry: Entry) -> Release | None:
    """The release of this very content that the robot started a moment ago."""
    rows = Release.objects.filter(
        target__service__name=entry["service"],
        target__environment__name=entry["environment"],
        created_by=source.robot,
        created_at__gt=timezone.now() - SAME_WITHIN,
    )
    wanted = content_of(entry["image"])
    for row in rows.order_by("-created_at")[:10]:
        if wanted in {content_of(image) for image in row.images.values()}:
            return row
    return None


def _refused(code: str, detail: str, **more: Any) -> Entry:
    return {
        "outcome": "refused",
        "code": code,
        "detail": detail,
        **{name: value for name, value in more.items() if value},
    }
