"""How the watcher process wakes releases: by a change of an object they follow, and by the clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from clusters.signals import Changed
from deployments.models import Release
from deployments.wake import due, enqueue, wake
from web.live import publish

FOLLOWED = ("Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice", "HorizontalPodAutoscaler")
DUE_WITHIN = timedelta(seconds=2)


def wake_followers(sender: object, *, cluster_id: uuid.UUID, objects: list[Changed], **_more: Any) -> None:
    """Receiver of `clusters.signals.objects_changed`: each release is woken once, whatever has changed of it."""
    followers = _followers(cluster_id, [one for one in objects if one.kind in FOLLOWED])
    if followers:
        wake(*followers)
        for release_id in followers:
            publish(f"release:{release_id}")


def _followers(cluster_id: uuid.UUID, changed: list[Changed]) -> set[uuid.UUID]:
    """Active releases whose Deployment, or a ReplicaSet, Pod, Service, EndpointSlice or HPA of it, is among the changed
    objects. One query.

    Names of what belongs to a Deployment or to its Service begin with theirs; a stranger that matches costs one idle
    look.
    """
    named: dict[str, list[Changed]] = {}
    for one in changed:
        named.setdefault(one.namespace, []).append(one)
    if not named:
        return set()
    active = Release.objects.active().filter(target__cluster_id=cluster_id, target__namespace__in=named)
    rows = active.values_list("pk", "target__namespace", "target__workload", "target__kubernetes_service")
    return {pk for pk, namespace, workload, service in rows if _is_about({workload, service} - {""}, named[namespace])}


def _is_about(names: set[str], changed: Iterable[Changed]) -> bool:
    beginnings = tuple(f"{name}-" for name in names)
    return any(one.name in names or one.name.startswith(beginnings) or one.owner_name in names for one in changed)


def due_soon() -> list[tuple[datetime, str]]:
    """The releases whose `wake_at` comes within two seconds, for the watcher's timers."""
    return [(at, str(pk)) for pk, at in due(DUE_WITHIN)]


def advance_due(keys: list[str]) -> None:
    """The time of these releases has come."""
    enqueue(uuid.UUID(key) for key in keys)
