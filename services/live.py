"""Tells open pages that a service changed: at once when a person did it, coalesced when a cluster did."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connection

from clusters.signals import Changed
from durable.written_sql import as_stored, listed
from services.models import Service, Target
from web.live import publish

COALESCE_SECONDS = 0.3


def announce(service: str) -> None:
    """Publish, after commit, that the page of this service and the list of services have changed."""
    publish(f"service:{service}", "services")


def may_see_service(user: Any, topic: str) -> bool:
    """Whether the user may listen to `service:<name>`."""
    return Service.objects.visible_to(user).filter(name=topic.partition(":")[2]).exists()


class Coalescer:
    """Gathers names for a moment, so that the forty changes of one roll-out redraw a page three times, not forty."""

    def __init__(self, seconds: float = COALESCE_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: set[str] = set()

    def add(self, service: str) -> None:
        """Announce the service within `seconds`, together with all that are added until then."""
        with self._lock:
            is_first = not self._waiting
            self._waiting.add(service)
        if is_first:
            timer = threading.Timer(self._seconds, self.flush)
            timer.daemon = True
            timer.start()

    def flush(self) -> None:
        """Publish what has gathered."""
        with self._lock:
            services, self._waiting = self._waiting, set()
        if services:
            publish(*(f"service:{service}" for service in sorted(services)), "services")
        close_old_connections()


_coalescer = Coalescer()


def when_objects_changed(sender: object, *, cluster_id: Any, objects: list[Changed], **_more: Any) -> None:
    """Receiver of clusters.signals.objects_changed. Deployments are followed: their status moves with their Pods.

    One query for a batch, however many Deployments are in it.
    """
    changed = {(one.namespace, one.name) for one in objects if one.kind == Target.Kind.DEPLOYMENT}
    if not changed:
        return
    for namespace, workload, service in _aimed_at(cluster_id, {name for _namespace, name in changed}):
        if (namespace, workload) in changed:
            _coalescer.add(service)


def _aimed_at(cluster_id: UUID, workloads: Iterable[str]) -> list[tuple[str, str, str]]:
    """Namespace, workload and name of the service of each target that is a Deployment of one of these names. Written by
    hand: the watcher asks ten times a second while much changes."""
    targets, services = Target._meta.db_table, Service._meta.db_table
    names, values = listed("name", workloads)
    with connection.cursor() as cursor:
        cursor.execute(
            # Names of ours and placeholders.
            f"""
            SELECT namespace, workload, {services}.name
            FROM {targets} JOIN {services} ON {services}.id = {targets}.service_id
            WHERE {targets}.cluster_id = %(cluster)s AND {targets}.kind = %(kind)s AND workload IN ({names})
            """,  # noqa: S608
            {"cluster": as_stored(cluster_id), "kind": Target.Kind.DEPLOYMENT.value, **values},
        )
        found: list[tuple[str, str, str]] = cursor.fetchall()
    return found
