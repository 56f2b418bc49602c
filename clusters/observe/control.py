"""The database side of one second of watching: states and contacts are stored, what to watch is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from clusters.models import Cluster, KeepWhole, WatchState
from clusters.observe.cluster import Spec
from clusters.observe.contact import News
from clusters.observe.sharing import Sharing
from clusters.observe.whole import Workload
from durable.clock import DbNow
from durable.heartbeat import beat
from web.live import publish

HEARTBEAT = "watch"
_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KindNews:
    """A kind whose state changed. `synced` says that its rows are those of a complete list since."""

    cluster_id: UUID
    kind: str
    connected: bool
    synced: bool
    error: str


@dataclass(slots=True)
class Report:
    """What the event loop has to tell. `heard` is how many seconds ago each cluster answered last."""

    heard: dict[UUID, float] = field(default_factory=dict)
    kinds: list[KindNews] = field(default_factory=list)
    statuses: dict[UUID, News] = field(default_factory=dict)
    versions: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the event loop is to do: exactly these clusters, with these workloads kept whole."""

    clusters: dict[UUID, Spec]
    kept_whole: dict[UUID, set[Workload]]


def exchange(sharing: Sharing, report: Report) -> Plan:
    """Store the report and read the plan. About eight statements, whatever the number of clusters."""
    beat(HEARTBEAT)
    _store_heard({cluster_id: ago for cluster_id, ago in report.heard.items() if sharing.owns(cluster_id)})
    _store_kinds([news for news in report.kinds if sharing.owns(news.cluster_id)])
    _store_statuses(report, sharing)
    # Read after the statuses are stored: what differs from ours now was written by somebody else.
    specs = _specs()
    ours = sharing.settle(specs)
    kept: dict[UUID, set[Workload]] = {}
    for cluster_id, namespace, name in KeepWhole.objects.values_list("cluster_id", "namespace", "workload"):
        kept.setdefault(cluster_id, set()).add(Workload(namespace, name))
    return Plan({cluster_id: specs[cluster_id] for cluster_id in ours}, kept)


def _specs() -> dict[UUID, Spec]:
    rows = Cluster.objects.filter(credential__isnull=False).exclude(api_url="").values_list(
        "id", "name", "status", "status_message",
        "api_url", "ca_data", "tls_server_name", "insecure_skip_tls_verify", "allow_private_address",
        "credential__version", "credential__rotated_at",
    )  # fmt: skip
    return {
        cluster_id: Spec(cluster_id, name, tuple(connection), status, message)
        for cluster_id, name, status, message, *connection in rows
    }


def _store_heard(heard: dict[UUID, float]) -> None:
    """`contact_at` of connected kinds and `last_seen_at` of clusters, one statement for each half second of age."""
    by_age: dict[int, list[UUID]] = {}
    for cluster_id, ago in heard.items():
        by_age.setdefault(int(ago * 2), []).append(cluster_id)
    for half_seconds, cluster_ids in by_age.items():
        at = DbNow(-half_seconds / 2)
        for start in range(0, len(cluster_ids), _IDS_AT_ONCE):
            some = cluster_ids[start : start + _IDS_AT_ONCE]
            WatchState.objects.filter(cluster_id__in=some, connected=True).update(contact_at=at)
            Cluster.objects.filter(pk__in=some).update(last_seen_at=at)


def _store_kinds(kinds: list[KindNews]) -> None:
    for news in kinds:
        values: dict[str, Any] = {"connected": news.connected, "error": news.error}
        if news.synced:
            values["synced_at"] = DbNow()
        if news.connected:
            values["contact_at"] = DbNow()
        WatchState.objects.update_or_create(cluster_id=news.cluster_id, kind=news.kind, defaults=values)


def _store_statuses(report: Report, sharing: Sharing) -> None:
    for cluster_id in report.statuses.keys() | report.versions.keys():
        if not sharing.owns(cluster_id):
            continue
        values: dict[str, Any] = {}
        if news := report.statuses.get(cluster_id):
            values |= {"status": news.status, "status_message": news.message}
        if version := report.versions.get(cluster_id):
            values["kubernetes_version"] = version
        Cluster.objects.filter(pk=cluster_id).update(**values)
        if name := Cluster.objects.filter(pk=cluster_id).values_list("name", flat=True).first():
            publish("clusters", f"cluster:{name}")
