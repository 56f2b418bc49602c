"""What the watcher has written, for pages and ticks. Nothing here contacts a cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clusters.models import Observation, WatchState
from clusters.observe.slim.network import SERVICE_NAME
from clusters.observe.whole import CLAIM, selects
from durable.clock import DbNow

SILENT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of`: the state is that of this time or later (None: never seen). `stale`: nobody is watching it right now."""

    as_of: datetime | None
    stale: bool
    errors: tuple[str, ...] = ()


def observed(cluster_id: UUID, kind: str, namespace: str, name: str) -> Observation | None:
    """The row of one object, None when the cluster was not seen to hold it."""
    return Observation.objects.filter(cluster_id=cluster_id, kind=kind, namespace=namespace, name=name).first()


def observed_many(
    cluster_id: UUID,
    kind: str,
    namespace: str,
    *,
    owner_uids: Collection[str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[Observation]:
    """The rows of a kind in a namespace by name, those of these controlling owners and with these labels if given."""
    rows = Observation.objects.filter(cluster_id=cluster_id, kind=kind).order_by("name")
    if owner_uids is not None:
        # SQLite would look through the whole namespace by an index if it could, and not for these few by their owner's.
        rows = rows.filter(owner_uid__in=owner_uids)
    else:
        rows = rows.filter(namespace=namespace)
    # In Python: keys hold dots and slashes, which the databases spell differently, and a namespace is small.
    here = (row for row in rows if row.namespace == namespace)
    return [row for row in here if not labels or labels.items() <= row.labels.items()]


def services_of(
    cluster_id: UUID, namespace: str, pod_labels: Mapping[str, str]
) -> tuple[list[Observation], list[Observation]]:
    """The rows of the Services that pick Pods with these labels or carry a release's claim, and of their slices."""
    services = [
        row
        for row in observed_many(cluster_id, "Service", namespace)
        if CLAIM in row.labels or selects(row.slim.get("selector") or {}, pod_labels)
    ]
    names = {row.name for row in services}
    slices = observed_many(cluster_id, "EndpointSlice", namespace) if names else []
    return services, [row for row in slices if row.labels.get(SERVICE_NAME) in names]


def pod_warnings(cluster_id: UUID, namespace: str, pod_uids: Collection[str]) -> list[dict[str, Any]]:
    """The Warnings about these Pods, each as its slim row (`slim.events.event`)."""
    about = {"namespace": namespace, "slim__type": "Warning", "slim__involved__kind": "Pod"}
    rows = Observation.objects.filter(cluster_id=cluster_id, kind="Event", **about).values_list("slim", flat=True)
    return [slim for slim in rows if slim["involved"]["uid"] in pod_uids]


def watching(cluster_id: UUID, *kinds: str) -> bool:
    """Whether rows of all these kinds are current: listed completely, and heard of within the last five seconds."""
    current = WatchState.objects.filter(
        cluster_id=cluster_id,
        kind__in=kinds,
        connected=True,
        synced_at__isnull=False,
        contact_at__gt=DbNow(-SILENT_SECONDS),
    )
    return current.count() == len(kinds)


def freshness(cluster_id: UUID, kinds: Iterable[str]) -> Freshness:
    """How old the rows of these kinds may be, by the least fresh one. One query."""
    wanted = set(kinds)
    states = list(WatchState.objects.filter(cluster_id=cluster_id, kind__in=wanted).annotate(now=DbNow()))
    # A contact before the first complete list says nothing about the rows.
    contacts = [state.contact_at if state.synced_at else None for state in states]
    errors = tuple(state.error for state in states if state.error)
    if len(states) < len(wanted) or not all(contacts):
        return Freshness(None, stale=True, errors=errors)
    as_of = min(contact for contact in contacts if contact)
    silent = any((state.now - as_of).total_seconds() > SILENT_SECONDS for state in states)
    return Freshness(as_of, stale=silent or not all(state.connected for state in states), errors=errors)
