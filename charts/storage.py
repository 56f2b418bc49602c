"""Helm's own record of releases: Secrets `sh.helm.release.v1.NAME.vN`, read and, where one is stuck, mended by us.

The field `release` is base64 (ours) of base64 of gzip of JSON, as `helm.sh/helm/v4/pkg/storage/driver` writes it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import zlib
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils.translation import gettext as _

from charts.errors import StorageUnreadable
from clusters.connection import Door, paths

MAX_RECORD_BYTES = 64 * 1024 * 1024
RECORD_TYPE = "helm.sh/release.v1"
OPERATION_LABEL = "slipway.dev/operation"
PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback", "uninstalling"})


@dataclass(frozen=True)
class Record:
    """One revision of a release as Helm recorded it. `config` are the values that were given, not the chart's own."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    chart_version: str
    app_version: str
    description: str
    deployed_at: str
    notes: str
    operation: str
    manifest: str = field(repr=False)
    hooks: list[dict[str, Any]] = field(repr=False)
    config: dict[str, Any] = field(repr=False)

    @property
    def is_pending(self) -> bool:
        """Whether an operation is under way, or was interrupted and left so."""
        return self.status in PENDING


@dataclass(frozen=True)
class Seen:
    """What the labels of one Secret tell, without what is in it."""

    namespace: str
    name: str
    revision: int
    status: str
    resource_version: str


def list_seen(door: Door, namespace: str = "") -> list[Seen]:
    """The newest revision of every release in the namespace, or in the cluster. Nothing of any Secret's content is
    fetched. Raises ClusterUnreachable, ApiRefused."""
    listed = door.list(paths.secrets(namespace), {"labelSelector": "owner=helm"}, only_metadata=True)
    newest: dict[tuple[str, str], Seen] = {}
    for item in listed["items"]:
        seen = _seen(item.get("metadata") or {})
        if seen is None:
            continue
        held = newest.get((seen.namespace, seen.name))
        if held is None or held.revision < seen.revision:
            newest[seen.namespace, seen.name] = seen
    return sorted(newest.values(), key=lambda seen: (seen.namespace, seen.name))


def history(door: Door, namespace: str, name: str) -> list[Record]:
    """All revisions that are kept, newest first. Raises ClusterUnreachable, ApiRefused, StorageUnreadable."""
    found = door.list(paths.secrets(namespace), {"labelSelector": f"owner=helm,name={name}", "limit": 20})
    records = [read_record(item) for item in found["items"] if item.get("type") == RECORD_TYPE]
    return sorted(records, key=lambda record: record.revision, reverse=True)


def one(door: Door, namespace: str, name: str, revision: int) -> Record:
    """One revision. Raises ClusterUnreachable, ApiRefused (is_not_found), StorageUnreadable."""
    return read_record(door.get(paths.secret(namespace, _secret_name(name, revision))))


def mark_failed(door: Door, record: Record, why: str) -> None:
    """Say in Helm's record that an interrupted revision failed, so that Helm lets the next operation begin.

    Raises ApiRefused with is_conflict when somebody was faster.
    """
    path = paths.secret(record.namespace, _secret_name(record.name, record.revision))
    secret = door.get(path)
    stored = _decoded(secret)
    info = stored.get("info")
    if not isinstance(info, dict) or info.get("status") not in PENDING:
        return
    info["status"], info["description"] = "failed", why
    secret["data"]["release"] = _encoded(stored)
    secret["metadata"].setdefault("labels", {})["status"] = "failed"
    secret["metadata"].pop("managedFields", None)
    door.replace(path, secret)


def read_record(secret: dict[str, Any]) -> Record:
    """The revision that a Secret holds. Raises StorageUnreadable."""
    stored = _decoded(secret)
    info, chart = _mapping(stored, "info"), _mapping(stored, "chart")
    about, labels = _mapping(chart, "metadata"), (secret.get("metadata") or {}).get("labels") or {}
    version = stored.get("version")
    hooks = stored.get("hooks")
    return Record(
        name=str(stored.get("name") or ""),
        namespace=str(stored.get("namespace") or secret["metadata"].get("namespace") or ""),
        revision=version if isinstance(version, int) else 0,
        status=str(info.get("status") or "unknown"),
        chart=str(about.get("name") or ""),
        chart_version=str(about.get("version") or ""),
        app_version=str(about.get("appVersion") or ""),
        description=str(info.get("description") or "")[:2000],
        deployed_at=str(info.get("last_deployed") or ""),
        notes=str(info.get("notes") or ""),
        operation=str(labels.get(OPERATION_LABEL) or ""),
        manifest=str(stored.get("manifest") or ""),
        hooks=[hook for hook in hooks if isinstance(hook, dict)] if isinstance(hooks, list) else [],
        config=_mapping(stored, "config"),
    )


def _decoded(secret: dict[str, Any]) -> dict[str, Any]:
    where = str((secret.get("metadata") or {}).get("name"))
    text = (secret.get("data") or {}).get("release")
    try:
        packed = base64.b64decode(base64.b64decode(str(text), validate=True), validate=True)
        plain = _unpacked(packed, where) if packed[:2] == b"\x1f\x8b" else packed
        found = orjson.loads(plain)
    except (binascii.Error, OSError, EOFError, zlib.error, orjson.JSONDecodeError) as error:
        raise _unreadable(where, _("it is not what Helm writes")) from error
    if not isinstance(found, dict):
        raise _unreadable(where, _("it is not what Helm writes"))
    return found


def _encoded(stored: dict[str, Any]) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(orjson.dumps(stored)))).decode("ascii")


def _unpacked(packed: bytes, where: str) -> bytes:
    plain = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(MAX_RECORD_BYTES + 1)
    if len(plain) > MAX_RECORD_BYTES:
        raise _unreadable(where, _("it is larger than %(size)d MiB") % {"size": MAX_RECORD_BYTES // 1024**2})
    return plain


def _unreadable(where: str, why: str) -> StorageUnreadable:
    return StorageUnreadable(
        _("The Secret %(name)s cannot be read: %(why)s.") % {"name": where, "why": why},
        next=_("Look at it with `helm history`, and restore or delete it."),
    )


def _seen(metadata: dict[str, Any]) -> Seen | None:
    labels = metadata.get("labels") or {}
    version = str(labels.get("version") or "")
    if not str(metadata.get("name") or "").startswith("sh.helm.release.v1.") or not version.isdigit():
        return None
    return Seen(
        namespace=str(metadata.get("namespace") or ""),
        name=str(labels.get("name") or ""),
        revision=int(version[:9]),
        status=str(labels.get("status") or "unknown"),
        resource_version=str(metadata.get("resourceVersion") or ""),
    )


def _secret_name(name: str, revision: int) -> str:
    return f"sh.helm.release.v1.{name}.v{revision}"


def _mapping(held: dict[str, Any], key: str) -> dict[str, Any]:
    value = held.get(key)
    return value if isinstance(value, dict) else {}
