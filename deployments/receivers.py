"""How the watcher process wakes releases: by a change of an object they follow, and by the clock."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import connection

from clusters.signals import Changed
from deployments.models import Release
from deployments.pace import Pace
from deployments.wake import due, enqueue, wake
from durable.written_sql import as_stored, from_stored, listed
from services.models import Target
from web.live import publish

FOLLOWED = ("Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice", "HorizontalPodAutoscaler")
DUE_WITHIN = timedelta(seconds=2)


def wake_followers(sender: object, *, cluster_id: uuid.UUID, objects: list[Changed], **_more: Any) -> None:
    """Receiver of `clusters.signals.objects_changed`: each release is woken once, whatever has changed of it.

    A Pod that comes up, serves or goes is told to open pages, and wakes nobody. What the release probably waits for
    passes the others by; counts that move are looked at now and then, for what is told of them.
    """
    followers = _followers(cluster_id, [one for one in objects if one.kind in FOLLOWED])
    told: dict[Telling, list[uuid.UUID]] = {telling: [] for telling in Telling}
    for release_id, telling in followers.items():
        told[telling].append(release_id)
    _pace.wake(told[Telling.MUCH], at_once=True)
    _pace.wake(told[Telling.SOMETHING])
    _pace.wake_later(told[Telling.PROGRESS], PROGRESS_SECONDS)
    publish(*(f"release:{release_id}" for release_id in followers))


_pace = Pace(wake)


class Telling(Enum):
    """How much a change may mean to a release."""

    NOTHING = "nothing"
    PROGRESS = "progress"
    SOMETHING = "something"
    MUCH = "much"


# How old what is told of counts that move may get.
PROGRESS_SECONDS = 2.0


def _followers(cluster_id: uuid.UUID, changed: list[Changed]) -> dict[uuid.UUID, Telling]:
    """Active releases whose Deployment, or a ReplicaSet, Pod, Service, EndpointSlice or HPA of it, is among the changed
    objects, each with what these may mean to it. One query.

    Names of what belongs to a Deployment or to its Service begin with theirs; a stranger that matches costs one idle
    look.
    """
    named: dict[str, list[Changed]] = {}
    for one in changed:
        named.setdefault(one.namespace, []).append(one)
    if not named:
        return {}
    found = {}
    for pk, namespace, workload, service, strategy in _active(cluster_id, named):
        if about := _about({workload, service} - {""}, named[namespace]):
            found[pk] = _telling(about, is_rolling=strategy == "rolling")
    return found


def _active(cluster_id: uuid.UUID, namespaces: Collection[str]) -> list[tuple[uuid.UUID, str, str, str, str]]:
    """Active releases in these namespaces of a cluster: namespace, workload and Service of the target, strategy."""
    releases, targets = Release._meta.db_table, Target._meta.db_table
    names, values = listed("namespace", namespaces)
    strategy = f"{releases}.strategy"
    # SQLite knows the short form since 3.38 only.
    kind = f"{strategy} ->> 'type'" if connection.vendor == "postgresql" else f"JSON_EXTRACT({strategy}, '$.type')"
    with connection.cursor() as cursor:
        cursor.execute(
            # Names of ours and placeholders.
            f"""
            SELECT {releases}.id, namespace, workload, {targets}.kubernetes_service, {kind}
            FROM {releases} JOIN {targets} ON {targets}.id = {releases}.target_id
            WHERE NOT {releases}.ended AND {targets}.cluster_id = %(cluster)s
                AND namespace IN ({names})
            """,  # noqa: S608
            {"cluster": as_stored(cluster_id), **values},
        )
        return [(from_stored(key), *rest) for key, *rest in cursor.fetchall()]


def _telling(about: list[Changed], *, is_rolling: bool) -> Telling:
    """A rollout is over when the Deployment is whole, a wave of a canary when the ReplicaSet is; it begins when the
    Deployment's new spec was taken note of. The ReplicaSets of a rollout are whole after each of its many waves."""
    for one in about:
        if one.kind == "Deployment" and (one.whole or one.observed):
            return Telling.MUCH
        if one.kind == "ReplicaSet" and one.whole and not is_rolling:
            return Telling.MUCH
    if not all(one.passing for one in about):
        return Telling.SOMETHING
    return Telling.NOTHING if all(one.kind == "Pod" for one in about) else Telling.PROGRESS


def _about(names: set[str], changed: Iterable[Changed]) -> list[Changed]:
    beginnings = tuple(f"{name}-" for name in names)
    return [one for one in changed if one.name in names or one.name.startswith(beginnings) or one.owner_name in names]


def due_soon() -> list[tuple[datetime, str]]:
    """The releases whose `wake_at` comes within two seconds, for the watcher's timers."""
    return [(at, str(pk)) for pk, at in due(DUE_WITHIN)]


def advance_due(keys: list[str]) -> None:
    """The time of these releases has come."""
    enqueue(uuid.UUID(key) for key in keys)
