"""What a tick looks at: the watcher's rows while they can be trusted, else the API server itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from clusters.observe import read
from clusters.observe.feed import feed
from clusters.observe.workload_rows import WorkloadRow, workload_rows
from deployments.engine.decision import State
from deployments.engine.json import Json
from deployments.engine.reasons import WAITING
from deployments.engine.seen import Seen
from deployments.engine.workload import owner_uid
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release
from deployments.observe_traffic import NOTHING, Wanted, aims_at, wanted_by, with_rows, with_traffic

WATCH_LAGS_AT_MOST = timedelta(seconds=2)
KINDS = ("Deployment", "ReplicaSet", "Pod")


def observe(release: Release, state: State, now: datetime, before_request: Callable[[], None]) -> Seen:
    """Look at the release's workload. `before_request` is called before each request to the cluster (the lease).

    Rows are trusted only when every kind is watched, they reflect our own last write, no write is unconfirmed, and the
    last one was not refused because the object had moved on from what was seen.
    A watcher that lags behind our write for more than two seconds is not waited for.
    """
    rows_will_do = state.unconfirmed is None and state.refused is None
    if rows_will_do and (seen := _from_rows(release, state, before_request)):
        lag = now - _last_write(state) if state.written else WATCH_LAGS_AT_MOST
        if seen.fresh or lag < WATCH_LAGS_AT_MOST:
            return seen
        rows_will_do = False
    target, wanted = release.target, wanted_by(release.strategy)
    live = look_live(target.cluster, target.namespace, target.workload, before_request, wanted)
    if rows_will_do:
        # They are slim, or were: then the next look may find all that it needs in them.
        feed(target.cluster_id, live.objects())
    return live


def look_live(
    cluster: Cluster,
    namespace: str,
    workload: str,
    before_request: Callable[[], None] = lambda: None,
    wanted: Wanted = NOTHING,
) -> Seen:
    """Read the Deployment, its ReplicaSets and Pods, the Pods' Warnings, and what is `wanted` of the traffic, from the
    API server. A Deployment that is gone leaves its Services and routes to be seen."""

    def ask(path: str, params: dict[str, Any] | None = None) -> list[Json]:
        before_request()
        found: list[Json] = door.list(path, params)["items"]
        return found

    try:
        door = connect(cluster, timeout_seconds=REQUEST_SECONDS)
        before_request()
        deployment = _deployment(door, namespace, workload)
        if deployment is None:
            return with_traffic(Seen(live=True), wanted, door, namespace, workload, before_request)
        uid = deployment["metadata"]["uid"]
        selector = {"labelSelector": _selector(deployment)}
        replica_sets = tuple(one for one in ask(paths.replicasets(namespace), selector) if _owned_by(one, uid))
        uids = {one["metadata"]["uid"] for one in replica_sets}
        pods = tuple(one for one in ask(paths.pods(namespace), selector) if owner_uid(one) in uids)
        events: tuple[Json, ...] = ()
        if any(_is_in_trouble(pod) for pod in pods):
            fields = {"fieldSelector": "type=Warning,involvedObject.kind=Pod"}
            events = tuple(ask(paths.events(namespace), fields))
        seen = Seen(deployment, replica_sets, pods, events, live=True)
        return with_traffic(seen, wanted, door, namespace, workload, before_request)
    except ApiRefused as error:
        return Seen(unreachable=error.message, live=True)
    except ClusterUnreachable as error:
        return Seen(unreachable=error.detail, live=True)


def _deployment(door: Door, namespace: str, workload: str) -> Json | None:
    try:
        return door.get(paths.deployment(namespace, workload))
    except ApiRefused as error:
        if error.is_not_found:
            return None
        raise


def _from_rows(release: Release, state: State, before_request: Callable[[], None]) -> Seen | None:
    """The watcher's rows, or None where they can't tell: a kind is not watched, or not kept whole yet.

    What is not watched on any cluster (routes, the whole HPA) is read from the API server beside them.
    """
    target = release.target
    place = (target.cluster_id, target.namespace, target.workload)
    rows = workload_rows(*place)
    row, sets, pods = rows.deployment, rows.replica_sets, rows.pods
    if not rows.watched.issuperset(KINDS) or row is None or any(one.whole is None for one in (row, *sets, *pods)):
        return None
    if not _reflects(state, {"Deployment/": row, **{f"ReplicaSet/{one.name}": one for one in sets}}):
        return Seen(fresh=False)
    events: tuple[Json, ...] = ()
    if any(_is_in_trouble(pod.whole or {}) for pod in pods):
        uids = {pod.whole["metadata"]["uid"] for pod in pods if pod.whole}
        events = tuple(map(_event, read.pod_warnings(target.cluster_id, target.namespace, uids)))
    seen = Seen(row.whole, _whole(sets), _whole(pods), events)
    wanted = wanted_by(release.strategy)
    if wanted.nothing:
        return seen
    if wanted.autoscaler and "HorizontalPodAutoscaler" in rows.watched:
        wanted = replace(wanted, autoscaler=any(aims_at(one.slim or {}, target.workload) for one in rows.autoscalers))
    try:
        door = partial(connect, target.cluster, timeout_seconds=REQUEST_SECONDS)
        return with_rows(seen, wanted, *place, state.written, door, before_request)
    except ApiRefused as error:
        return Seen(unreachable=error.message, live=True)
    except ClusterUnreachable as error:
        return Seen(unreachable=error.detail, live=True)


def _reflects(state: State, rows: dict[str, WorkloadRow]) -> bool:
    """Whether the rows are no older than our own last write of each Deployment and ReplicaSet."""
    return all(
        key in rows and rows[key].resource_version >= written["resource_version"]
        for key, written in state.written.items()
        if key.startswith(("Deployment/", "ReplicaSet/"))
    )


def _last_write(state: State) -> datetime:
    return max(datetime.fromisoformat(written["at"]) for written in state.written.values())


def _whole(rows: tuple[WorkloadRow, ...]) -> tuple[Json, ...]:
    return tuple(row.whole for row in rows if row.whole is not None)


def _event(slim: Json) -> Json:
    """What the engine reads of an Event, as the API server would say it."""
    return {
        "type": slim["type"],
        "message": slim["message"],
        "lastTimestamp": slim["last"],
        "involvedObject": slim["involved"],
    }


def _selector(deployment: Json) -> str:
    labels = ((deployment.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _owned_by(obj: Json, uid: str) -> bool:
    return owner_uid(obj) == uid


def _is_in_trouble(pod: Json) -> bool:
    """Whether a container waits for something that an Event may say more about; each new one waits for a moment."""
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return any(((one.get("state") or {}).get("waiting") or {}).get("reason") in WAITING for one in containers)


__all__ = ["look_live", "observe"]
