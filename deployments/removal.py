"""What keeps a cluster or a target from being removed: releases that have not ended."""

from __future__ import annotations

from typing import Any

from clusters.models import Cluster
from deployments.models import Release
from deployments.models.release import ReleaseQuerySet
from services.models import Target


def active_on_cluster(cluster: Cluster) -> list[dict[str, Any]]:
    """The active releases on a cluster, as `blocked_by` lists them."""
    return _listed(Release.objects.active().filter(target__cluster=cluster))


def active_on_target(target: Target) -> list[dict[str, Any]]:
    """The active releases of a target, as `blocked_by` lists them."""
    return _listed(Release.objects.active().filter(target=target))


def _listed(releases: ReleaseQuerySet) -> list[dict[str, Any]]:
    return [
        {"kind": "release", "id": str(one.pk), "target": str(one.target), "status": one.status}
        for one in releases.select_related("target__service", "target__environment")
    ]
