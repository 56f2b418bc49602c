"""Doors to saved clusters, kept open per cluster and edit so that no request pays for a handshake twice."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

from django.utils.translation import gettext as _

from clusters.connection.breaker import Breaker
from clusters.connection.door import Door, Line
from clusters.connection.endpoint import Endpoint, destination_of, open_endpoint
from clusters.errors import ClusterUnreachable
from clusters.models import Cluster, ClusterCredential
from durable.encryption import SealBroken

# A name is resolved and checked anew after this time, so that a moved API server is found.
LINE_SECONDS = 300.0

_lock = threading.Lock()
_lines: dict[UUID, tuple[int, float, Line]] = {}
_breakers: dict[UUID, Breaker] = {}


def connect(cluster: Cluster, *, timeout_seconds: float = 3.0) -> Door:
    """A door to a saved cluster; each request is bounded to `timeout_seconds`. Safe for threads, cheap once open.

    Raises ClusterUnreachable (never ambiguous) when the address is not allowed, the name does not resolve, the
    credential cannot be read, or the breaker is open.
    """
    with _lock:
        breaker = _breakers.setdefault(cluster.pk, Breaker(cluster.name))
        kept = _lines.get(cluster.pk)
        # Every change of address, trust or credential raises the cluster's version, so it is the key of what was built
        # from them. An instance older than the line must not bring an old line back.
        # After a failure the name is resolved again: the API server may have moved.
        if kept and kept[0] >= cluster.version and time.monotonic() < kept[1] and not breaker.is_failing:
            return Door(kept[2], timeout_seconds)
    breaker.allow(is_request=False)
    try:
        version, opened = _open(cluster, timeout_seconds)
    except ClusterUnreachable as error:
        breaker.failed(error)
        raise
    line = Line(opened, breaker)
    with _lock:
        kept = _lines.get(cluster.pk)
        if kept is None or kept[0] <= version:
            _lines[cluster.pk] = (version, time.monotonic() + LINE_SECONDS, line)
    return Door(line, timeout_seconds)


def endpoint(cluster: Cluster, *, timeout_seconds: float = 3.0) -> Endpoint:
    """Checked addresses, TLS context and headers of a saved cluster, for a client with own connections (the watcher).

    Reads the credential and resolves the name, so it blocks: call it in a thread, and again after each lost connection.
    Raises ClusterUnreachable.
    """
    return _open(cluster, timeout_seconds)[1]


def forget(cluster_id: UUID) -> None:
    """Drop the line to a cluster: after an edit, and when the cluster is removed."""
    with _lock:
        _lines.pop(cluster_id, None)
        _breakers.pop(cluster_id, None)


def _open(cluster: Cluster, timeout_seconds: float) -> tuple[int, Endpoint]:
    # Address and credential are read together and anew: a new token must never go to an old address held in memory.
    credential = ClusterCredential.objects.select_related("cluster").filter(cluster_id=cluster.pk).first()
    if credential is None:
        raise ClusterUnreachable(
            cluster.name,
            _("no credentials are stored for it"),
            step="policy",
            next=_("Give new ones under Credentials."),
        )
    try:
        destination = destination_of(credential.cluster, credential)
    except SealBroken as error:
        raise ClusterUnreachable(
            cluster.name,
            _("its stored credentials cannot be decrypted with the configured keys"),
            step="policy",
            next=_("Put the former key into SLIPWAY_FIELD_KEYS, or give new credentials."),
        ) from error
    return credential.cluster.version, open_endpoint(destination, timeout_seconds=timeout_seconds)


def _start_afresh_after_fork() -> None:
    """Two processes must not speak on the same sockets, and a lock may have been held by a thread that is not here."""
    global _lock
    _lock = threading.Lock()
    for _version, _until, line in _lines.values():
        line.abandon()
    _lines.clear()
    _breakers.clear()


os.register_at_fork(after_in_child=_start_afresh_after_fork)
