"""Gathers what the health of a cluster is judged by: probes and leases through the door, the rest from observations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.health import Evidence, LeaderLease, NodeSeen, Probe, WorkloadSeen
from clusters.models import Cluster, Observation
from clusters.observe.read import freshness

SYSTEM = "kube-system"
NODE_LEASES = "kube-node-lease"
OBSERVED_KINDS = ("Node", "Pod", "DaemonSet", "Deployment")
LEADERS = ("kube-scheduler", "kube-controller-manager")
TIMEOUT_SECONDS = 3.0

_CHECK = re.compile(r"^\[(?P<sign>[+-])\](?P<name>\S+)", re.MULTILINE)
# kubeadm names a static pod after its component and labels it so; `k8s-app` is what the add-ons carry everywhere.
_STATIC = ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager")
_ADD_ONS = {"kube-proxy": ("kube-proxy",), "coredns": ("kube-dns", "coredns")}


def gather(cluster: Cluster) -> Evidence:
    """Ask the cluster and read the observations. At most six requests of TIMEOUT_SECONDS, none after one got no answer.

    Never raises for what the cluster does: no answer and refusals are evidence too.
    """
    at = timezone.now()
    try:
        asked = _ask(connect(cluster, timeout_seconds=TIMEOUT_SECONDS))
    except ClusterUnreachable as error:
        return Evidence(at=at, unreachable=str(error.detail))
    return Evidence(at=timezone.now(), **asked, **from_observations(cluster))


def _ask(door: Door) -> dict[str, Any]:
    node_leases, why = _node_leases(door)
    return {
        "livez": _probe(door, "/livez"),
        "readyz": _probe(door, "/readyz"),
        "leader_leases": {name: _leader_lease(door, name) for name in LEADERS},
        "node_leases": node_leases,
        "node_leases_why": why,
        "validities": [each.as_json() for each in door.line.validities],
    }


def _probe(door: Door, path: str) -> Probe:
    status, text = door.raw(path, {"verbose": ""})
    if status in {401, 403, 404}:
        why = _("not served (404)") if status == 404 else _("not allowed (%(status)d)") % {"status": status}
        return Probe(path, status, why=why)
    checks = {found["name"]: found["sign"] == "+" for found in _CHECK.finditer(text)}
    return Probe(path, status, checks)


def _leader_lease(door: Door, name: str) -> LeaderLease:
    try:
        spec = door.get(paths.lease(SYSTEM, name)).get("spec") or {}
    except ApiRefused as error:
        if error.is_not_found:
            return LeaderLease(name)
        return LeaderLease(name, why=_("its lease cannot be read: %(why)s") % {"why": error.message})
    duration = spec.get("leaseDurationSeconds")
    return LeaderLease(
        name,
        found=True,
        holder=str(spec.get("holderIdentity") or "")[:100],
        renewed_at=moment(spec.get("renewTime")),
        duration_seconds=duration if isinstance(duration, int) and duration > 0 else 15,
    )


def _node_leases(door: Door) -> tuple[dict[str, datetime], str]:
    try:
        leases = door.list(paths.leases(NODE_LEASES))["items"]
    except ApiRefused as error:
        return {}, _("node leases cannot be read: %(why)s") % {"why": error.message}
    renewed = {}
    for lease in leases:
        metadata, spec = lease.get("metadata") or {}, lease.get("spec") or {}
        if at := moment(spec.get("renewTime")):
            renewed[str(metadata.get("name"))] = at
    return renewed, "" if renewed else _("there are no node leases")


def moment(text: object) -> datetime | None:
    """A time as Kubernetes writes it, None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def from_observations(cluster: Cluster) -> dict[str, Any]:
    """The fields of Evidence that the watcher has seen: nodes, static pods, add-ons, and how current they are."""
    fresh = freshness(cluster.pk, OBSERVED_KINDS)
    nodes = Observation.objects.filter(cluster=cluster, kind="Node").order_by("name")
    names = Q(kind__in=("DaemonSet", "Deployment"))
    for prefix in (*_STATIC, "kube-proxy", "coredns", "kube-dns"):
        names |= Q(kind="Pod", name__startswith=f"{prefix}-")
    system = list(Observation.objects.filter(names, cluster=cluster, namespace=SYSTEM).defer("whole").order_by("name"))
    pods = [row for row in system if row.kind == "Pod"]
    return {
        "nodes": [_node(row) for row in nodes],
        "static_pods": {
            name: counted
            for name in _STATIC
            if (counted := _pods(name, (row for row in pods if row.labels.get("component") == name)))
        },
        "workloads": {name: seen for name in _ADD_ONS if (seen := _add_on(name, system, pods))},
        "is_current": not fresh.stale,
        "observed_at": fresh.as_of,
    }


def _node(row: Observation) -> NodeSeen:
    ready = row.slim.get("conditions", {}).get("Ready", {})
    return NodeSeen(row.name, row.slim.get("ready"), row.slim.get("bad") or ready.get("message", ""))


def _add_on(name: str, system: Iterable[Observation], pods: Iterable[Observation]) -> WorkloadSeen | None:
    labels = _ADD_ONS[name]
    for row in system:
        named = row.name in {name, *labels} or row.labels.get("k8s-app") in labels
        if row.kind in {"DaemonSet", "Deployment"} and named and "desired" in row.slim:
            return WorkloadSeen(row.kind, row.name, row.slim["desired"], row.slim["available"])
    return _pods(name, (row for row in pods if row.labels.get("k8s-app") in labels))


def _pods(name: str, rows: Iterable[Observation]) -> WorkloadSeen | None:
    found = list(rows)
    if not found:
        return None
    # The kubelet mirrors its static Pods into the API with the Node as their owner.
    is_static = all((row.slim.get("owner") or {}).get("kind") == "Node" for row in found)
    ready = sum(1 for row in found if row.slim.get("ready"))
    return WorkloadSeen("static Pods" if is_static else "Pods", name, len(found), ready)
