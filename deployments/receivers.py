"""How the watcher process wakes releases: by a change of an object they follow, and by the clock."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from clusters.models import KeepWhole
from deployments.wake import due, enqueue, wake
from web.live import publish

FOLLOWED = ("Deployment", "ReplicaSet", "Pod")
FOLLOW_LIST_IS_OLD_SECONDS = 1.0
DUE_WITHIN = timedelta(seconds=2)


class Followed:
    """The workloads of active releases, read at most once a second however many objects change."""

    def __init__(self) -> None:
        self._rows: dict[tuple[uuid.UUID, str], list[tuple[str, uuid.UUID]]] = {}
        self._read_at = float("-inf")

    def releases(self, cluster_id: uuid.UUID, namespace: str, name: str, owner_name: str) -> list[uuid.UUID]:
        """Releases whose Deployment, or a ReplicaSet or Pod of it, has this name. Names of a Deployment's ReplicaSets
        and Pods begin with its own; a stranger that matches costs one idle look."""
        if time.monotonic() - self._read_at > FOLLOW_LIST_IS_OLD_SECONDS:
            self._read()
        return [
            release_id
            for workload, release_id in self._rows.get((cluster_id, namespace), [])
            if name == workload or name.startswith(f"{workload}-") or owner_name == workload
        ]

    def _read(self) -> None:
        self._rows = {}
        for cluster_id, namespace, workload, release_id in KeepWhole.objects.values_list(
            "cluster_id", "namespace", "workload", "release_id"
        ):
            self._rows.setdefault((cluster_id, namespace), []).append((workload, release_id))
        self._read_at = time.monotonic()


_followed = Followed()


def wake_followers(
    *, cluster_id: uuid.UUID, kind: str, namespace: str, name: str, owner_name: str = "", **_kwargs: Any
) -> None:
    """Receiver of `clusters.signals.object_changed`."""
    if kind not in FOLLOWED:
        return
    for release_id in _followed.releases(cluster_id, namespace, name, owner_name):
        wake(release_id)
        publish(f"release:{release_id}")


def due_soon() -> list[tuple[datetime, str]]:
    """The releases whose `wake_at` comes within two seconds, for the watcher's timers."""
    return [(at, str(pk)) for pk, at in due(DUE_WITHIN)]


def advance_due(keys: list[str]) -> None:
    """The time of these releases has come."""
    enqueue(uuid.UUID(key) for key in keys)
