"""How the watcher process wakes releases: by a change of an object they follow, and by the clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from clusters.models import KeepWhole
from clusters.signals import Changed
from deployments.wake import due, enqueue, wake
from web.live import publish

FOLLOWED = ("Deployment", "ReplicaSet", "Pod")
DUE_WITHIN = timedelta(seconds=2)


def wake_followers(sender: object, *, cluster_id: uuid.UUID, objects: list[Changed], **_more: Any) -> None:
    """Receiver of `clusters.signals.objects_changed`: each release is woken once, whatever has changed of it."""
    followers = _followers(cluster_id, [one for one in objects if one.kind in FOLLOWED])
    if followers:
        wake(*followers)
        for release_id in followers:
            publish(f"release:{release_id}")


def _followers(cluster_id: uuid.UUID, changed: list[Changed]) -> set[uuid.UUID]:
    """Active releases whose Deployment, or a ReplicaSet or Pod of it, is among the changed objects. One query.

    Names of a Deployment's ReplicaSets and Pods begin with its own; a stranger that matches costs one idle look.
    """
    named: dict[str, list[Changed]] = {}
    for one in changed:
        named.setdefault(one.namespace, []).append(one)
    if not named:
        return set()
    kept = KeepWhole.objects.filter(cluster_id=cluster_id, namespace__in=named)
    rows = kept.values_list("namespace", "workload", "release_id")
    return {release_id for namespace, workload, release_id in rows if _is_about(workload, named[namespace])}


def _is_about(workload: str, changed: Iterable[Changed]) -> bool:
    return any(
        one.name == workload or one.name.startswith(f"{workload}-") or one.owner_name == workload for one in changed
    )


def due_soon() -> list[tuple[datetime, str]]:
    """The releases whose `wake_at` comes within two seconds, for the watcher's timers."""
    return [(at, str(pk)) for pk, at in due(DUE_WITHIN)]


def advance_due(keys: list[str]) -> None:
    """The time of these releases has come."""
    enqueue(uuid.UUID(key) for key in keys)
