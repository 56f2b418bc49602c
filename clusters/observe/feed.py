"""Keeping whole what a release has just read from the API server, and finding that the watcher need not fetch it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from clusters.models import Observation
from clusters.observe.objects import trimmed
from clusters.observe.read import services_of
from clusters.observe.slim.parts import Raw
from clusters.observe.whole import pod_labels
from clusters.observe.workload_rows import WorkloadRow, workload_rows
from durable.written_sql import as_stored, json_stored


def feed(cluster_id: UUID, objects: Iterable[tuple[str, Raw]]) -> None:
    """Keep these objects, each with its kind, whole in the rows that hold the same state of them and are slim.

    Only for a workload that a KeepWhole row names already. An object that a database would refuse, or whose row is
    older or newer or just being written, is left to the watcher.
    """
    values = [_values(cluster_id, kind, raw) for kind, raw in objects if _is_storable(raw)]
    if values:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_statement(connection.vendor), values)


def _values(cluster_id: UUID, kind: str, raw: Raw) -> dict[str, Any]:
    metadata = raw["metadata"]
    return {
        "cluster": as_stored(cluster_id),
        "kind": kind,
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "version": int(metadata["resourceVersion"]),
        "whole": json_stored(trimmed(kind, raw)),
    }


def _is_storable(raw: Raw) -> bool:
    """PostgreSQL stores no NUL and no half of a surrogate pair."""
    try:
        return b"\\u0000" not in orjson.dumps(raw)
    except TypeError:
        return False


@lru_cache(maxsize=2)
def _statement(vendor: str) -> str:
    """The statement for a database. It waits for no row: the watcher takes many, and in another order."""
    table, unlocked = Observation._meta.db_table, "FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    return f"""
        UPDATE {table} SET whole = %(whole)s WHERE id = (
            SELECT id FROM {table}
            WHERE cluster_id = %(cluster)s AND kind = %(kind)s AND namespace = %(namespace)s AND name = %(name)s
                AND uid = %(uid)s AND resource_version = %(version)s AND whole IS NULL {unlocked}
        )
    """  # noqa: S608 - names of ours


def whole_objects(cluster_id: UUID, namespace: str, name: str) -> list[tuple[str, Raw]]:
    """A workload's Deployment, ReplicaSets and Pods, and the Services that pick its Pods with their EndpointSlices, if
    the rows of all of these are whole, each with its kind; else nothing."""
    found = workload_rows(cluster_id, namespace, name)
    if found.deployment is None or found.deployment.whole is None:
        return []
    services, slices = services_of(cluster_id, namespace, pod_labels(found.deployment.whole))
    rows: list[WorkloadRow | Observation] = [found.deployment, *found.replica_sets, *found.pods, *services, *slices]
    objects = [(row.kind, row.whole) for row in rows if row.whole is not None]
    return objects if len(objects) == len(rows) else []
