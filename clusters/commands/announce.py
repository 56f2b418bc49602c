"""A cluster that Slipway itself is still building: visible with its progress before there is anything to connect to."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from audit.record import audit
from clusters.models import Cluster
from web.live import publish


def announce_cluster(name: str, progress: dict[str, Any]) -> Cluster:
    """Show the cluster as building, or renew its progress. Idempotent; only Slipway itself calls it.

    `progress` is `{phase, fraction (0..1), eta_seconds, message}`. A cluster that has credentials keeps its status.
    """
    cluster = Cluster.objects.filter(name__iexact=name).first()
    if cluster is None:
        with transaction.atomic():
            cluster = Cluster.objects.create(name=name, status=Cluster.Status.BUILDING, progress=progress)
            audit(None, "cluster.announce", cluster)
    elif cluster.progress != progress:
        Cluster.objects.filter(pk=cluster.pk).update(progress=progress)
        cluster.progress = progress
    publish(f"cluster:{cluster.name}")
    return cluster
