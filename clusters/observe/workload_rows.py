"""What the watcher keeps of one workload, read by one statement that is written once.

Every look at a release asks this. To build the questions anew and to answer them with model objects cost several times
what the database needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from clusters.models import Observation, WatchState
from clusters.observe.read import SILENT_SECONDS
from durable.written_sql import as_stored, sql_now


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A row as a look needs it; `whole` is None where the object is not kept so (yet), `slim` is an autoscaler's."""

    kind: str
    name: str
    resource_version: int
    whole: dict[str, Any] | None
    slim: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class WorkloadRows:
    """The rows of a Deployment, its ReplicaSets and their Pods, each kind by name, and of the namespace's autoscalers.

    `watched` are those of these kinds whose rows are current, in the sense of `read.watching`.
    """

    watched: frozenset[str]
    deployment: WorkloadRow | None
    replica_sets: tuple[WorkloadRow, ...]
    pods: tuple[WorkloadRow, ...]
    autoscalers: tuple[WorkloadRow, ...]


def workload_rows(cluster_id: UUID, namespace: str, workload: str) -> WorkloadRows:
    """Everything at one moment, in one statement."""
    sql = _statement(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"cluster": as_stored(cluster_id), "namespace": namespace, "workload": workload})
        found = cursor.fetchall()
    rows: dict[str, list[WorkloadRow]] = {}
    watched = set()
    for kind, name, version, whole, slim in found:
        if name is None:
            watched.add(kind)
        else:
            row = WorkloadRow(kind, name, version, whole and orjson.loads(whole), slim and orjson.loads(slim))
            rows.setdefault(kind, []).append(row)
    return WorkloadRows(
        frozenset(watched),
        next(iter(rows.get("Deployment", ())), None),
        tuple(rows.get("ReplicaSet", ())),
        tuple(rows.get("Pod", ())),
        tuple(rows.get("HorizontalPodAutoscaler", ())),
    )


@lru_cache(maxsize=2)
def _statement(vendor: str) -> str:
    """The statement for a database. A line of `watched` has no name; the first part gives PostgreSQL the types."""
    rows, watches = Observation._meta.db_table, WatchState._meta.db_table
    recently = sql_now(vendor, -SILENT_SECONDS)
    here = f"{rows}.cluster_id = %(cluster)s AND {rows}.namespace = %(namespace)s AND {rows}.kind ="
    # SQLite would look through the whole namespace by an index if it could, and not for these few by their owner's.
    owned = f"{rows}.cluster_id = %(cluster)s AND {rows}.namespace || '' = %(namespace)s AND {rows}.owner_uid IN"
    # Table names and times are ours; what a caller gives goes in by name.
    return f"""
        WITH deployment AS (
            SELECT kind, name, resource_version, whole, uid FROM {rows}
            WHERE {here} 'Deployment' AND name = %(workload)s
        ), replica_sets AS (
            SELECT kind, name, resource_version, whole, uid FROM {rows}
            WHERE {owned} (SELECT uid FROM deployment) AND {rows}.kind = 'ReplicaSet'
        )
        SELECT kind, name, resource_version, NULL, slim FROM {rows} WHERE {here} 'HorizontalPodAutoscaler'
        UNION ALL SELECT kind, name, resource_version, whole, NULL FROM deployment
        UNION ALL SELECT kind, name, resource_version, whole, NULL FROM replica_sets
        UNION ALL SELECT kind, name, resource_version, whole, NULL FROM {rows}
            WHERE {owned} (SELECT uid FROM replica_sets) AND {rows}.kind = 'Pod'
        UNION ALL SELECT kind, NULL, 0, NULL, NULL FROM {watches}
            WHERE cluster_id = %(cluster)s AND connected AND synced_at IS NOT NULL AND contact_at > {recently}
        ORDER BY 1, 2
    """  # noqa: S608
