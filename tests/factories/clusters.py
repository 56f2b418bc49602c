"""Clusters and what was seen of them, for tests."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from django.utils import timezone

from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.models import Cluster, ClusterCredential, Observation, WatchState
from clusters.observe.kinds import BY_NAME, KINDS
from clusters.observe.objects import see
from clusters.observe.rows import row_of

_numbers = count(1)


def new_cluster(name: str = "", **values: Any) -> Cluster:
    """A row that nothing stands behind."""
    number = next(_numbers)
    values = {"api_url": f"https://192.0.2.1:{6000 + number}", "kubernetes_version": "v1.37.2", **values}
    return Cluster.objects.create(name=name or f"cluster-{number}", **values)


def reachable_cluster(kubeconfig: Path, name: str = "") -> Cluster:
    """A cluster that is registered as a person would, with the kubeconfig of a real API server."""
    source = Source(kubeconfig=kubeconfig.read_text(), allow_private_address=True)
    cluster, _steps = register_cluster(None, name or f"sandbox-{next(_numbers)}", source)
    return cluster


def cluster_at(url: str, ca_data: str, *, name: str = "") -> Cluster:
    """A row with a token for a server of the test's own."""
    cluster = new_cluster(name, api_url=url, ca_data=ca_data, allow_private_address=True, kubernetes_version="")
    ClusterCredential.objects.create(cluster=cluster, kind="token", secret={"token": "made-up"})
    return cluster


def observed(
    cluster: Cluster, raw: dict[str, Any], *, whole: bool = False, seen_at: datetime | None = None
) -> Observation:
    """The row that the watcher would write for a raw object."""
    seen = see(BY_NAME[raw["kind"]], raw)
    assert seen is not None
    row = row_of(cluster.pk, seen, raw if whole else None, seen_at=seen_at or timezone.now())
    row.save()
    return row


def watched_now(cluster: Cluster, *, contact_at: datetime | None = None) -> None:
    """Say that all kinds of the cluster are being watched and were listed."""
    at = contact_at or timezone.now()
    WatchState.objects.bulk_create(
        [WatchState(cluster=cluster, kind=kind.name, connected=True, synced_at=at, contact_at=at) for kind in KINDS],
        update_conflicts=True,
        unique_fields=("cluster", "kind"),
        update_fields=("connected", "synced_at", "contact_at"),
    )
