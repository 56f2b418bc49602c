"""What may be asked about one cluster: plain dicts from stored rows, never from the cluster itself.

Every answer tells how fresh it is: `as_of` (None: never seen) and `stale` (nobody is watching right now). Which cluster
a person may ask about is decided by `Cluster.objects.visible_to`; `only` limits an answer to the namespaces that they
were granted (None: all).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from audit.models import Entry
from clusters.capacity import NOTHING, by_namespace, requested_by_node, total
from clusters.checkup import STALE_SECONDS
from clusters.health import COMPONENTS
from clusters.info import cluster_info_lines, skew_warnings
from clusters.models import Cluster, ClusterCredential, Observation
from clusters.observe.read import Freshness, freshness

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
MOST_ROWS = 200

_Row = TypeVar("_Row")


def health(cluster: Cluster) -> dict[str, Any]:
    """{status, checked_at, stale, components, validities}. No query: the last check stands in the cluster's row."""
    stored = cluster.health or {}
    checked = cluster.health_at
    stale = checked is None or timezone.now() - checked > timedelta(seconds=STALE_SECONDS)
    return {
        "status": stored.get("status", "unknown"),
        "checked_at": checked,
        "stale": stale,
        "components": stored.get("components") or [_never_checked(name) for name in COMPONENTS],
        "validities": [_validity(each) for each in stored.get("validities") or []],
    }


def _never_checked(name: str) -> dict[str, Any]:
    return {"name": name, "status": "unknown", "source": "none", "evidence": [], "message": "", "observed_at": None}


def _validity(stored: dict[str, Any]) -> dict[str, Any]:
    """With the whole days that are left, fewer than 0 once it has run out."""
    return {**stored, "days_left": (datetime.fromisoformat(stored["expires_at"]) - timezone.now()).days}


def credential(cluster: Cluster) -> dict[str, Any]:
    """{kind, rotated_at, rotated_by} of what Slipway proves itself with, never itself; all empty without one."""
    held = ClusterCredential.objects.filter(cluster=cluster).values("kind", "rotated_at").first()
    if held is None:
        return {"kind": "", "rotated_at": None, "rotated_by": ""}
    given = Entry.objects.filter(object_id=str(cluster.pk), action__in=("cluster.register", "cluster.rotate"))
    return {**held, "rotated_by": given.order_by("-pk").values_list("actor", flat=True).first() or ""}


def info(cluster: Cluster) -> dict[str, Any]:
    """cluster-info lines, versions, nodes with capacity, totals, container runtimes, warnings of version skew."""
    found = nodes(cluster)
    rows = found["results"]
    services = Observation.objects.filter(cluster=cluster, kind="Service", namespace="kube-system").order_by("name")
    shown = [
        {"name": row.name, "labels": row.labels, "slim": row.slim}
        for row in services
        if row.labels.get("kubernetes.io/cluster-service") == "true"
    ]
    return {
        "cluster_info": cluster_info_lines(cluster.api_url, shown),
        "api_url": cluster.api_url,
        "version": cluster.kubernetes_version,
        "kubelet_versions": sorted({row["kubelet_version"] for row in rows if row["kubelet_version"]}),
        "container_runtimes": sorted({row["container_runtime"] for row in rows if row["container_runtime"]}),
        "nodes": rows,
        "node_count": len(rows),
        "ready_nodes": sum(1 for row in rows if row["ready"]),
        "capacity": total([row["capacity"] for row in rows]),
        "allocatable": total([row["allocatable"] for row in rows]),
        "requested": total([row["requested"] for row in rows]),
        "warnings": skew_warnings(cluster.kubernetes_version, rows),
        "as_of": found["as_of"],
        "stale": found["stale"],
    }


def nodes(cluster: Cluster) -> dict[str, Any]:
    """All nodes by name, with what Pods have requested of each."""
    requested = requested_by_node(cluster.pk)
    rows = Observation.objects.filter(cluster=cluster, kind="Node").defer("whole").order_by("name")
    results = []
    for row in rows:
        slim, node_info = row.slim, row.slim.get("info", {})
        results.append(
            {
                "name": row.name,
                "ready": slim.get("ready"),
                "unschedulable": slim.get("unschedulable", False),
                "roles": slim.get("roles", []),
                "zone": slim.get("zone", ""),
                "region": slim.get("region", ""),
                "addresses": slim.get("addresses", {}),
                "taints": slim.get("taints", []),
                "conditions": slim.get("conditions", {}),
                "capacity": slim.get("capacity", NOTHING),
                "allocatable": slim.get("allocatable", NOTHING),
                "requested": requested.get(row.name, NOTHING),
                "kubelet_version": node_info.get("kubelet_version", ""),
                "container_runtime": node_info.get("container_runtime", ""),
                "os_image": node_info.get("os_image", ""),
                "kernel": node_info.get("kernel", ""),
                "architecture": node_info.get("architecture", ""),
                "created": slim.get("created", ""),
                "bad": slim.get("bad", ""),
            }
        )
    return _answer(results, freshness(cluster.pk, ("Node", "Pod")), len(results))


def namespaces(cluster: Cluster, *, only: Collection[str] | None = None) -> dict[str, Any]:
    """Namespaces by name, with how many workloads and Pods each holds and what those ask for.

    `pods` counts all Pods that there are; `requested` and `limits` are of those that have not ended, and `limits` only
    of those that have one.
    """
    rows = _limited(Observation.objects.filter(cluster=cluster, kind="Namespace"), "name", only).order_by("name")
    placed = Observation.objects.filter(cluster=cluster, kind__in=("Pod", *WORKLOAD_KINDS))
    counts: dict[str, dict[str, int]] = {
        row["namespace"]: {"workloads": row["workloads"], "pods": row["pods"]}
        for row in _limited(placed, "namespace", only)
        .values("namespace")
        .annotate(workloads=Count("pk", filter=Q(kind__in=WORKLOAD_KINDS)), pods=Count("pk", filter=Q(kind="Pod")))
        .order_by()
    }
    asked = {row["namespace"]: row for row in _limited(by_namespace(cluster.pk), "namespace", only)}
    results = [
        {
            "name": row.name,
            "phase": row.slim.get("phase", ""),
            "labels": row.labels,
            "workloads": counts.get(row.name, {}).get("workloads", 0),
            "pods": counts.get(row.name, {}).get("pods", 0),
            "requested": _amounts(asked.get(row.name), "cpu_millis", "memory_bytes"),
            "limits": _amounts(asked.get(row.name), "cpu_limit_millis", "memory_limit_bytes"),
            "created": row.slim.get("created", ""),
        }
        for row in rows.defer("whole")
    ]
    return _answer(results, freshness(cluster.pk, ("Namespace", "Pod", *WORKLOAD_KINDS)), len(results))


def _amounts(row: Mapping[str, Any] | None, cpu: str, memory: str) -> dict[str, int]:
    return {"cpu_millis": (row or {}).get(cpu) or 0, "memory_bytes": (row or {}).get(memory) or 0}


def workloads(
    cluster: Cluster,
    namespace: str = "",
    *,
    only: Collection[str] | None = None,
    limit: int = MOST_ROWS,
    offset: int = 0,
) -> dict[str, Any]:
    """Deployments, StatefulSets and DaemonSets of one namespace, or of all, by namespace and name."""
    rows = Observation.objects.filter(cluster=cluster, kind__in=WORKLOAD_KINDS)
    rows = _limited(_in(rows, namespace), "namespace", only)
    results = [
        {
            "kind": row.kind,
            "namespace": row.namespace,
            "name": row.name,
            "labels": row.labels,
            "images": row.slim.get("images", {}),
            "desired": row.slim.get("desired"),
            "ready": row.slim.get("ready"),
            "updated": row.slim.get("updated"),
            "available": row.slim.get("available"),
            "paused": row.slim.get("paused", False),
            "created": row.slim.get("created", ""),
            "bad": row.slim.get("bad", ""),
        }
        for row in rows.defer("whole").order_by("namespace", "name", "kind")[offset : offset + limit]
    ]
    return _answer(results, freshness(cluster.pk, WORKLOAD_KINDS), rows.count())


def events(
    cluster: Cluster,
    namespace: str = "",
    *,
    only: Collection[str] | None = None,
    limit: int = MOST_ROWS,
    offset: int = 0,
) -> dict[str, Any]:
    """Kubernetes Events of one namespace, or of all, the latest first."""
    rows = _limited(_in(Observation.objects.filter(cluster=cluster, kind="Event"), namespace), "namespace", only)
    page = rows.defer("whole").annotate(last=KT("slim__last")).order_by("-last", "-pk")[offset : offset + limit]
    results = [
        {
            "namespace": row.namespace,
            "name": row.name,
            "type": row.slim.get("type", ""),
            "reason": row.slim.get("reason", ""),
            "message": row.slim.get("message", ""),
            "count": row.slim.get("count", 1),
            "first": row.slim.get("first", ""),
            "last": row.slim.get("last", ""),
            "component": row.slim.get("component", ""),
            "involved": row.slim.get("involved", {}),
        }
        for row in page
    ]
    return _answer(results, freshness(cluster.pk, ("Event",)), rows.count())


def _in(rows: QuerySet[Observation], namespace: str) -> QuerySet[Observation]:
    return rows.filter(namespace=namespace) if namespace else rows


def _limited(
    rows: QuerySet[Observation, _Row], column: str, only: Collection[str] | None
) -> QuerySet[Observation, _Row]:
    return rows if only is None else rows.filter(**{f"{column}__in": only})


def _answer(results: list[dict[str, Any]], fresh: Freshness, count: int) -> dict[str, Any]:
    return {"results": results, "count": count, "as_of": fresh.as_of, "stale": fresh.stale}
