"""Reasons why a target, or a cluster with targets on it, must not be removed now.

Upper rooms append to `target_removal_checks` in their AppConfig.ready: a check takes the target and answers a list of
`{"kind", "id", ...}` for each thing that is in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.models import Cluster
from services.models import Target

target_removal_checks: list[Callable[[Target], list[dict[str, Any]]]] = []


def what_blocks_removal(target: Target) -> list[dict[str, Any]]:
    """All that is in the way of removing the target, empty when nothing is."""
    return [blocker for check in target_removal_checks for blocker in check(target)]


def targets_on(cluster: Cluster) -> list[dict[str, Any]]:
    """The check that keeps a cluster registered while targets are on it."""
    targets = Target.objects.filter(cluster=cluster).select_related("service", "environment")
    return [
        {
            "kind": "target",
            "id": str(target.pk),
            "name": f"{target.service.name}/{target.environment.name}",
            "service": target.service.name,
            "environment": target.environment.name,
        }
        for target in targets.order_by("service__name")[:100]
    ]
