"""What the nodes of a cluster have, may give, and have promised to Pods. One query each, summed by the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, Q, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from clusters.models import Observation

RESOURCES = ("cpu_millis", "memory_bytes", "pods")
NOTHING = dict.fromkeys(RESOURCES, 0)


def requested_by_node(cluster_id: UUID) -> dict[str, dict[str, int]]:
    """{node: {cpu_millis, memory_bytes, pods}} of the Pods that are on a node and have not ended."""
    ended = Q(slim__phase="Succeeded") | Q(slim__phase="Failed")
    rows = (
        Observation.objects.filter(cluster_id=cluster_id, kind="Pod")
        .exclude(ended)
        .values(node=KT("slim__node"))
        .annotate(
            cpu_millis=Sum(Cast(KT("slim__requests__cpu_millis"), BigIntegerField())),
            memory_bytes=Sum(Cast(KT("slim__requests__memory_bytes"), BigIntegerField())),
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


def total(parts: list[dict[str, Any]]) -> dict[str, int]:
    """The sum over nodes, resource by resource."""
    return {resource: sum(part.get(resource) or 0 for part in parts) for resource in RESOURCES}
