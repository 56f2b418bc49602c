"""Keeping whole what a release has just read from the API server, and finding that the watcher need not fetch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from clusters.models import Observation
from clusters.observe.objects import trimmed
from clusters.observe.slim.network import SERVICE_NAME
from clusters.observe.slim.parts import Raw
from clusters.observe.whole import selects
from clusters.observe.workload_rows import WorkloadRow, workload_rows
from durable.written_sql import as_stored


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
    metadata, whole = raw["metadata"], Observation._meta.get_field("whole")
    kept = trimmed(raw, keep_managed_fields=kind == "Deployment")
    return {
        "cluster": as_stored(cluster_id),
        "kind": kind,
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "version": int(metadata["resourceVersion"]),
        "whole": whole.get_db_prep_save(kept, connection),
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


def whole_rows(cluster_id: UUID, namespace: str, name: str) -> list[WorkloadRow]:
    """The rows of a workload's Deployment, ReplicaSets and Pods if all of these are whole, and so are the Services that
    pick its Pods with their EndpointSlices; else nothing."""
    found = workload_rows(cluster_id, namespace, name)
    if found.deployment is None:
        return []
    rows = [found.deployment, *found.replica_sets, *found.pods]
    if any(row.whole is None for row in rows) or _lacks_services(cluster_id, namespace, found.deployment.whole or {}):
        return []
    return rows


def _lacks_services(cluster_id: UUID, namespace: str, deployment: Raw) -> bool:
    labels: Mapping[str, str] = deployment["spec"]["template"]["metadata"].get("labels") or {}
    here = Observation.objects.filter(cluster_id=cluster_id, namespace=namespace)
    services = here.filter(kind="Service").values_list("name", "slim__selector", "whole__isnull")
    picking = {name: is_slim for name, selector, is_slim in services if selects(selector or {}, labels)}
    if not picking or any(picking.values()):
        return bool(picking)
    slices = here.filter(kind="EndpointSlice", whole__isnull=True).values_list("labels", flat=True)
    return any(one.get(SERVICE_NAME) in picking for one in slices)
