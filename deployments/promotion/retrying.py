"""A release that could not be started because a cluster did not answer: it is tried again for a while, then given up.

Starting a release only reads from the cluster before its row is written, so that trying again is harmless.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.models import PromotionItem

GIVE_UP_SECONDS = 600.0
FIRST_SECONDS = 5.0
LONGEST_SECONDS = 60.0
# A Slipway that did not run meanwhile has not tried: the time alone says nothing about the cluster.
LEAST_ATTEMPTS = 3
# What a balancer or proxy in front of an API server says while that does not answer.
SILENT_BEHIND = (502, 504)


def silence_of(error: BaseException) -> ClusterUnreachable | ApiRefused | None:
    """What the cluster did where waiting may help: it did not answer, or said that it can't now. None for all else, and
    for what only a person can put right (no credentials, a forbidden address)."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ClusterUnreachable):
            return found if found.step != "policy" else None
        if isinstance(found, ApiRefused):
            return found if found.is_temporary or found.http_status in SILENT_BEHIND else None
        found = found.__cause__
    return None


def put_off(item: PromotionItem, error: ClusterUnreachable | ApiRefused, now: datetime) -> bool:
    """Note on the item, which is not saved, that it was tried in vain and when it is tried again. False once it was
    tried for long enough: then `why` says what it died of and what to do next."""
    item.attempts += 1
    item.unreachable_since = item.unreachable_since or now
    gives_up_at = item.unreachable_since + timedelta(seconds=GIVE_UP_SECONDS)
    said = {"cluster": error.cluster, "detail": str(error.detail).rstrip("."), "n": item.attempts}
    if now >= gives_up_at and item.attempts >= LEAST_ATTEMPTS:
        item.try_at = None
        words = _(
            "Cluster %(cluster)s could not be asked: %(detail)s. Given up after %(n)d attempts in %(minutes)d minutes."
        )
        further = error.next or _("Look at the cluster's page.")
        again = _("Promote again once the cluster answers.")
        minutes = round((now - item.unreachable_since).total_seconds() / 60)
        item.why = f"{words % {**said, 'minutes': minutes}} {further} {again}"
        return False
    wait = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(item.attempts - 1, 10))
    try_at = now + timedelta(seconds=wait)
    item.try_at = min(try_at, gives_up_at) if now < gives_up_at else try_at
    words = ngettext(
        "Cluster %(cluster)s cannot be asked: %(detail)s. Tried %(n)d time, and again until %(until)s.",
        "Cluster %(cluster)s cannot be asked: %(detail)s. Tried %(n)d times, and again until %(until)s.",
        item.attempts,
    )
    item.why = words % {**said, "until": f"{max(gives_up_at, item.try_at):%H:%M} UTC"}
    return True
