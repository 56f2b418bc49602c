"""Claims on workloads that no running release stands behind: of releases that a restored database does not know, or
that ended where the cluster would not let them give the workload back.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction

from audit.record import audit
from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster, Observation
from deployments.engine import patches
from deployments.engine.workload import PORTAL, RELEASE, claim_of
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release, portal_key
from deployments.observe import look_live
from durable import lease
from durable.clock import database_time
from web.measures import ORPHANS

# A release that has just ended may still be shown by an older row.
ENDED_FOR = timedelta(seconds=30)
SWEEP_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Orphan:
    """A Deployment that carries the claim of a release that no longer runs."""

    cluster_id: uuid.UUID
    namespace: str
    workload: str
    release: str


def find_orphans() -> list[Orphan]:
    """What the watchers saw of such Deployments. Contacts no cluster."""
    rows = Observation.objects.filter(kind="Deployment", labels__has_key=PORTAL)
    claimed = [
        Orphan(cluster_id, namespace, name, labels.get(RELEASE, ""))
        for cluster_id, namespace, name, labels in rows.values_list("cluster_id", "namespace", "name", "labels")
        if labels[PORTAL] == portal_key()
    ]
    return [orphan for orphan in claimed if not _stands_behind(orphan.release)]


def clean_orphans() -> int:
    """Take such claims away and put back what they kept, each after a look at the live object. Answers how many.

    One process does this at a time. A cluster that does not answer is left for the next time.
    """
    owner = uuid.uuid4().hex
    epoch = lease.take("deployments.orphans", owner, SWEEP_SECONDS)
    if epoch is None:
        return 0
    try:
        return sum(_clean(orphan) for orphan in find_orphans() if _still_held(owner, epoch))
    finally:
        lease.give_back("deployments.orphans", owner, epoch)


def _still_held(owner: str, epoch: int) -> bool:
    return lease.renew("deployments.orphans", owner, epoch, SWEEP_SECONDS)


def _stands_behind(release: str) -> bool:
    try:
        row = Release.objects.filter(pk=uuid.UUID(release)).first()
    except ValueError:
        return False
    if row is None:
        return False
    return not row.ended or (row.finished_at is not None and row.finished_at > database_time() - ENDED_FOR)


def _clean(orphan: Orphan) -> bool:
    cluster = Cluster.objects.get(pk=orphan.cluster_id)
    seen = look_live(cluster, orphan.namespace, orphan.workload)
    if seen.deployment is None or claim_of(seen.deployment).release != orphan.release:
        return False
    path = paths.deployment(orphan.namespace, orphan.workload)
    copies = [(one, patches.clean_replica_set(one)) for one in seen.replica_sets]
    try:
        door = connect(cluster, timeout_seconds=REQUEST_SECONDS)
        door.json_patch(path, patches.clean(seen.deployment).ops)
        for replica_set, patch in copies:
            if patch:
                door.json_patch(paths.replicaset(orphan.namespace, replica_set["metadata"]["name"]), patch.ops)
    except (ApiRefused, ClusterUnreachable) as error:
        log.warning("orphan.not_cleaned", cluster=cluster.name, workload=orphan.workload, words=str(error))
        return False
    with transaction.atomic():
        place = {"namespace": orphan.namespace, "workload": orphan.workload}
        audit(None, "orphan.clean", cluster, before={**place, "release": orphan.release})
    ORPHANS.inc()
    log.info("orphan.cleaned", cluster=cluster.name, release=orphan.release, **place)
    return True
