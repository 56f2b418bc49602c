"""What releases a cluster holds, by Helm's own storage: those that the `helm` command made show up like ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from charts import storage
from charts.errors import StorageUnreadable
from charts.models import HelmOperation, HelmRelease
from charts.names import is_release_name
from clusters.connection import Door, connect
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from web.live import publish

# Each needs one request; a cluster with more new releases than that is caught up with over several looks.
MOST_A_LOOK = 200
_SHOWN = ("chart", "chart_version", "app_version", "description")

log = structlog.get_logger(__name__)


def observe_cluster(cluster_id: UUID | str) -> None:
    """Look at one cluster. A cluster that does not answer changes nothing of what was known."""
    cluster = Cluster.objects.filter(pk=cluster_id).first()
    if cluster is None:
        return
    try:
        door = connect(cluster)
        look_at(cluster, door)
    except (ClusterUnreachable, ApiRefused) as error:
        log.info("helm.not_observed", cluster=cluster.name, why=error.detail)


def look_at(cluster: Cluster, door: Door, namespace: str = "") -> None:
    """Bring the rows of a cluster (or of one namespace) up to what its storage holds.

    Raises ClusterUnreachable, ApiRefused.
    """
    began = timezone.now()
    seen = storage.list_seen(door, namespace)
    where = {"namespace": namespace} if namespace else {}
    rows = {(row.namespace, row.name): row for row in HelmRelease.objects.filter(cluster=cluster, **where)}
    busy = _busy(cluster)
    changed = 0
    for each in seen:
        row = rows.pop((each.namespace, each.name), None)
        is_known = row is not None and row.resource_version == each.resource_version and row.revision == each.revision
        if not is_release_name(each.name) or (row is not None and row.pk in busy):
            continue
        if is_known and row is not None and row.status == each.status:
            continue
        if changed < MOST_A_LOOK:
            changed += 1
            _read(cluster, door, each, row)
    for row in rows.values():
        if row.pk not in busy and not row.is_gone and row.created_at < began:
            # What never came to be has failed; what was there is gone.
            status = "uninstalled" if row.revision else "failed"
            if row.status != status:
                _save(row, status=status)
    current = HelmRelease.objects.filter(cluster=cluster, **where).exclude(status="uninstalled")
    current.update(seen_at=began)


def observe_release(release: HelmRelease) -> HelmRelease:
    """Look at one release now, whatever runs on it. Raises ClusterUnreachable, ApiRefused, StorageUnreadable."""
    door = connect(release.cluster)
    newest = next(iter(storage.history(door, release.namespace, release.name)), None)
    if newest is None:
        # What never came to be has failed; what was there is gone.
        _save(release, status="uninstalled" if release.revision else "failed", resource_version="")
        return release
    _save(release, **_facts(newest))
    return release


def _read(cluster: Cluster, door: Door, seen: storage.Seen, row: HelmRelease | None) -> None:
    try:
        record = storage.one(door, seen.namespace, seen.name, seen.revision)
    except StorageUnreadable as error:
        values: dict[str, Any] = {"status": seen.status, "revision": seen.revision, "description": error.detail}
    except ApiRefused as refusal:
        if not refusal.is_not_found:
            raise
        return
    else:
        values = _facts(record)
    values["resource_version"] = seen.resource_version
    if row is not None:
        _save(row, **values)
        return
    fresh = HelmRelease(cluster=cluster, namespace=seen.namespace, name=seen.name, **values)
    try:
        with transaction.atomic():
            fresh.save(force_insert=True)
            publish("helm_releases")
    except IntegrityError:
        # A person asked for one of this name at the same moment; the next look finds their row.
        return


def _facts(record: storage.Record) -> dict[str, Any]:
    return {
        **{name: getattr(record, name)[:2000] for name in _SHOWN},
        "status": record.status[:32],
        "revision": record.revision,
        "deployed_at": _time(record.deployed_at),
        "resource_version": "",
        "seen_at": timezone.now(),
    }


def _save(release: HelmRelease, **values: Any) -> None:
    """Write what was seen, unless an operation of ours began meanwhile: then its word stands until it ends."""
    with transaction.atomic():
        idle = HelmRelease.objects.filter(pk=release.pk).exclude(
            operations__state__in=[HelmOperation.State.QUEUED, HelmOperation.State.RUNNING]
        )
        if not HelmRelease.objects.filter(pk__in=idle.values("pk")).update(**values):
            return
        publish(f"helm_release:{release.pk}", "helm_releases")
    for name, value in values.items():
        setattr(release, name, value)


def _busy(cluster: Cluster) -> set[UUID]:
    running = HelmOperation.objects.exclude(state__in=HelmOperation.ENDED).filter(release__cluster=cluster)
    return set(running.values_list("release_id", flat=True))


def _time(text: str) -> datetime | None:
    # Go writes nine digits of a second where Python reads six.
    head, dot, tail = text.partition(".")
    digits = tail.rstrip("Z").partition("+")[0].partition("-")[0] if dot else ""
    zone = tail[len(digits) :] if dot else ""
    try:
        return parse_datetime(f"{head}.{digits[:6]}{zone}" if dot else text)
    except ValueError:
        return None
