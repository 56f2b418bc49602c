"""Reasons of upper rooms why a cluster must not be removed now.

Upper rooms append to `removal_checks` in their AppConfig.ready: a check takes the cluster and answers a list of
`{"kind", "id", ...}` for each thing that is in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.models import Cluster

removal_checks: list[Callable[[Cluster], list[dict[str, Any]]]] = []


def what_blocks_removal(cluster: Cluster) -> list[dict[str, Any]]:
    """All that is in the way of removing the cluster, empty when nothing is."""
    return [blocker for check in removal_checks for blocker in check(cluster)]
