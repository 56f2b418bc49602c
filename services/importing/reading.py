"""The Deployments of a cluster for an import: the watcher's rows while they are fresh, else the cluster itself."""

from __future__ import annotations

from clusters.connection import connect, paths
from clusters.models import Cluster, Observation
from services.importing.labels import LiveWorkload, workload_in
from services.models import Target
from services.queries.freshness import contacts_with

LIST_SECONDS = 10.0
SYSTEM_NAMESPACES = {"kube-system", "kube-public", "kube-node-lease"}


def workloads_of(cluster: Cluster, namespaces: list[str] | None) -> list[LiveWorkload]:
    """The Deployments in the namespaces (None: in all but Kubernetes' own), by namespace and name.

    Raises ClusterUnreachable, ApiRefused.
    """
    contact = contacts_with({cluster.pk}).get(cluster.pk)
    found = _observed(cluster) if contact and contact.is_fresh else _live(cluster, namespaces)
    wanted = [
        workload
        for workload in found
        if (workload.namespace in namespaces if namespaces is not None else workload.namespace not in SYSTEM_NAMESPACES)
    ]
    return sorted(wanted, key=lambda workload: (workload.namespace, workload.name))


def _observed(cluster: Cluster) -> list[LiveWorkload]:
    rows = Observation.objects.filter(cluster=cluster, kind=Target.Kind.DEPLOYMENT)
    return [
        LiveWorkload(
            namespace=row.namespace,
            name=row.name,
            labels=row.labels,
            annotations=row.slim.get("annotations") or {},
            images=row.slim.get("images") or {},
        )
        for row in rows.only("namespace", "name", "labels", "slim")
        if "deleting" not in row.slim
    ]


def _live(cluster: Cluster, namespaces: list[str] | None) -> list[LiveWorkload]:
    door = connect(cluster, timeout_seconds=LIST_SECONDS)
    collections = [paths.deployments(name) for name in namespaces] if namespaces is not None else [paths.deployments()]
    return [
        workload_in(manifest)
        for collection in collections
        for manifest in door.list(collection)["items"]
        if not (manifest.get("metadata") or {}).get("deletionTimestamp")
    ]
