"""What the nodes of a cluster have, may give, and have promised to Pods. One query each, summed by the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from clusters.models import Observation

RESOURCES = ("cpu_millis", "memory_bytes", "pods")
NOTHING = dict.fromkeys(RESOURCES, 0)


def requested_by_node(cluster_id: UUID) -> dict[str, dict[str, int]]:
    """{node: {cpu_millis, memory_bytes, pods}} of the Pods that are on a node and have not ended."""
    rows = (
        _placed(cluster_id)
        .values(node=KT("slim__node"))
        .annotate(
            cpu_millis=_sum("slim__requests__cpu_millis"),
            memory_bytes=_sum("slim__requests__memory_bytes"),
            pods=Count("pk"),
        )
    )
    return {
        row["node"]: {
            "cpu_millis": row["cpu_millis"] or 0,
            "memory_bytes": row["memory_bytes"] or 0,
            "pods": row["pods"],
        }
        for row in rows.order_by()
        if row["node"]
    }


def by_namespace(cluster_id: UUID) -> QuerySet[Observation, Any]:
    """A row {namespace, pods, cpu_millis, memory_bytes, cpu_limit_millis, memory_limit_bytes} for each namespace with
    Pods that have not ended; sums are None where no Pod says anything. Not ordered."""
    return (
        _placed(cluster_id)
        .values("namespace")
        .annotate(
            pods=Count("pk"),
            cpu_millis=_sum("slim__requests__cpu_millis"),
            memory_bytes=_sum("slim__requests__memory_bytes"),
            cpu_limit_millis=_sum("slim__limits__cpu_millis"),
            memory_limit_bytes=_sum("slim__limits__memory_bytes"),
        )
        .order_by()
    )


def _placed(cluster_id: UUID) -> QuerySet[Observation]:
    ended = Q(slim__phase="Succeeded") | Q(slim__phase="Failed")
    return Observation.objects.filter(cluster_id=cluster_id, kind="Pod").exclude(ended)


def _sum(key: str) -> Sum:
    return Sum(Cast(KT(key), BigIntegerField()))


def total(parts: list[dict[str, Any]]) -> dict[str, int]:
    """The sum over nodes, resource by resource."""
    return {resource: sum(part.get(resource) or 0 for part in parts) for resource in RESOURCES}
