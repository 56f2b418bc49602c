"""After the database came back from a backup: what it says about running releases is yesterday's news.

1. Every release that has not ended is marked `restored`, with no lease, hint or pending write.
2. What watchers had seen is not trusted until they have listed everything again.
3. Ticks then look each release up by the claim on its Deployment, in an epoch above the row's and the claimed one
   (engine.restored).
4. Claims of releases that the database does not know are swept up by `deployments.orphans`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from audit.record import audit
from clusters.models import WatchState
from deployments.engine.restored import claimed_epoch
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.lease import Held, LeaseLost
from deployments.models import Portal, Release, portal_key
from durable.clock import DbNow, database_time
from durable.models import Heartbeat, Lease
from web.errors import Conflict

RUNNING_WITHIN = timedelta(seconds=15)


class StillServing(Conflict):
    """A worker or watcher works on this database: it would go on from what the backup says."""

    code = "still_serving"


def after_restore() -> int:
    """Prepare a restored database for its first process. Answers how many releases will be looked up again.

    Raises StillServing while a worker or watcher runs. May be called again.
    """
    if Heartbeat.objects.filter(at__gt=database_time() - RUNNING_WITHIN).exists():
        raise StillServing(
            _("A worker or watcher works on this database."), next=_("Stop every process, restore, then ask again.")
        )
    with transaction.atomic():
        active = list(Release.objects.active().select_for_update().order_by("id"))
        for release in active:
            Release.objects.filter(pk=release.pk).update(
                state={**release.state, "restored": "look", "unconfirmed": None},
                version=F("version") + 1,
                wake_seq=F("wake_seq") + 1,
                wake_at=DbNow(),
                lease_owner="",
                lease_until=None,
                queued_at=None,
            )
        WatchState.objects.update(connected=False, synced_at=None)
        Lease.objects.update(owner="", until=DbNow())
        Heartbeat.objects.all().delete()
        # Who was signed out or disabled since the backup must not come back by an old cookie.
        Session.objects.all().delete()
        portal = Portal.objects.get_or_create(pk=1, defaults={"key": portal_key()})[0]
        audit(None, "portal.restore", portal, releases=[str(release.pk) for release in active])
    return len(active)


def above_claim(held: Held, release: Release, spec: ReleaseSpec, seen: Seen) -> Held:
    """Begin an epoch above both the row's and the one that the Deployment carries, so that it can be stamped.

    Raises LeaseLost.
    """
    claimed = claimed_epoch(spec, seen.deployment) if seen.deployment is not None else None
    epoch = max(held.epoch, claimed or 0) + 1
    changes = {"epoch": epoch, "state": {**release.state, "restored": "stamp"}, "version": F("version") + 1}
    if not Release.objects.filter(held.row()).update(**changes):
        raise LeaseLost
    return replace(held, epoch=epoch)
