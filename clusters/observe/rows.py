"""Changes of one cluster -> Observation rows. Runs in the writer's thread; each function is one short transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone

from clusters.images_column import images_text
from clusters.judging import judge
from clusters.models import Cluster, KeepWhole, Observation
from clusters.observe.objects import SeenObject
from clusters.observe.row_statements import Key, Row, put_rows, rows_of
from clusters.observe.whole import Workload

if TYPE_CHECKING:
    from clusters.observe.slim.parts import Raw, Slim
    from clusters.observe.whole import KeptWhole

log = logging.getLogger(__name__)

_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object. `whole` is the object with all fields where it is kept so.

    `before` is what the row held, once the change is written.

    `fills` marks a change that only adds `whole` to a row that is there: it comes from a list made beside the watch, so
    it must neither bring back what was deleted since nor put an older state over a newer one.
    """

    seen: SeenObject
    deleted: bool = False
    whole: Raw | None = None
    fills: bool = False
    before: Slim | None = field(default=None, compare=False)


def write(cluster_id: UUID, changes: Sequence[Change]) -> list[Change]:
    """Store the changes and answer those that made a difference, in the same order.

    An object that the database refuses is logged and left out (T41). Raises OperationalError when the database is away.
    """
    rows = rows_of(cluster_id, {change.seen.key for change in changes})
    effective = [
        _after(rows.get(change.seen.key), change) for change in changes if _differs(change, rows.get(change.seen.key))
    ]
    if not effective:
        return []
    try:
        _store(cluster_id, effective, rows)
    except OperationalError:
        raise
    except (DatabaseError, ValueError):
        if not Cluster.objects.filter(pk=cluster_id).exists():
            return []
        return [change for change in effective if _stored_alone(cluster_id, change, rows)]
    return effective


def _stored_alone(cluster_id: UUID, change: Change, rows: dict[Key, Row]) -> bool:
    try:
        _store(cluster_id, [change], rows)
    except OperationalError:
        raise
    except (DatabaseError, ValueError) as error:
        kind, namespace, name = change.seen.key
        log.warning(
            "an object cannot be stored and is skipped",
            extra={
                "cluster_id": str(cluster_id),
                "kind": kind,
                "namespace": namespace,
                "object": name,
                "error": str(error),
            },
        )
        return False
    return True


def _after(row: Row | None, change: Change) -> Change:
    return change if row is None else replace(change, before=row.slim)


def _differs(change: Change, row: Row | None) -> bool:
    seen = change.seen
    if row is None:
        return not change.deleted and not change.fills
    if change.deleted:
        return not seen.uid or row.uid == seen.uid
    if change.fills:
        return row.uid == seen.uid and row.resource_version <= seen.resource_version
    if (row.uid, row.resource_version, row.slim) != (seen.uid, seen.resource_version, seen.slim):
        return True
    # The columns that are derived, too: a watcher of an older version writes a row without those it does not know.
    return row.is_whole != (change.whole is not None) or (row.state, row.images) != _derived(seen)


def _derived(seen: SeenObject) -> tuple[str, str | None]:
    """`state` and `images` of the row: what lists ask for, which would take too long by `slim`."""
    if seen.kind != "Deployment":
        return "", None
    slim = seen.slim or {}
    return judge(slim), images_text(slim)


def _store(cluster_id: UUID, changes: Sequence[Change], rows: dict[Key, Row]) -> None:
    now = timezone.now()
    with transaction.atomic():
        gone = [rows[change.seen.key].id for change in changes if change.deleted]
        if gone:
            Observation.objects.filter(pk__in=gone).delete()
        put_rows(row_of(cluster_id, one.seen, one.whole, seen_at=now) for one in changes if not one.deleted)


def row_of(cluster_id: UUID, seen: SeenObject, whole: Raw | None = None, *, seen_at: datetime) -> Observation:
    """The row of an object, not saved yet."""
    state, images = _derived(seen)
    return Observation(
        cluster_id=cluster_id,
        kind=seen.kind,
        namespace=seen.namespace,
        name=seen.name,
        uid=seen.uid,
        resource_version=seen.resource_version,
        generation=seen.generation,
        labels=seen.labels or {},
        owner_uid=seen.owner_uid,
        slim=seen.slim or {},
        whole=whole,
        state=state,
        images=images,
        seen_at=seen_at,
    )


def sweep(cluster_id: UUID, kind: str, listed: set[tuple[str, str]]) -> list[Change]:
    """Delete the rows of a kind that a complete list did not hold; answers them as deletions."""
    vanished = [
        row
        for row in Observation.objects.filter(cluster_id=cluster_id, kind=kind)
        .only("kind", "namespace", "name", "uid", "labels", "owner_uid")
        .iterator(chunk_size=2000)
        if (row.namespace, row.name) not in listed
    ]
    for start in range(0, len(vanished), _IDS_AT_ONCE):
        Observation.objects.filter(pk__in=[row.pk for row in vanished[start : start + _IDS_AT_ONCE]]).delete()
    return [
        Change(SeenObject(row.kind, row.namespace, row.name, uid=row.uid, labels=row.labels), deleted=True)
        for row in vanished
    ]


def forget_whole(cluster_id: UUID, namespace: str, kept: KeptWhole) -> list[Change]:
    """Drop the whole objects of a namespace that neither a KeepWhole row asks for, which the watcher may not have read
    yet, nor `kept`. Answers nothing: no object changed."""
    named = KeepWhole.objects.filter(cluster_id=cluster_id, namespace=namespace).values_list("workload", flat=True)
    kept.workloads |= {Workload(namespace, name) for name in named}
    rows = Observation.objects.filter(cluster_id=cluster_id, namespace=namespace, whole__isnull=False)
    told = rows.only("kind", "namespace", "name", "owner_uid", "slim")
    stale = [row.pk for row in told if not kept.wants(_seen(row))]
    for start in range(0, len(stale), _IDS_AT_ONCE):
        Observation.objects.filter(pk__in=stale[start : start + _IDS_AT_ONCE]).update(whole=None)
    return []


def _seen(row: Observation) -> SeenObject:
    owner = row.slim.get("owner", {})
    return SeenObject(
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        owner_kind=owner.get("kind", ""),
        owner_name=owner.get("name", ""),
        owner_uid=row.owner_uid,
        slim=row.slim,
    )
