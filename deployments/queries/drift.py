"""Declared against observed: what the last release asked for, what the watcher sees, and what releases left behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clusters.models import Observation
from clusters.observe import read
from deployments.models import Release, Revision
from deployments.orphans import Orphan, find_orphans
from services.models import Target

if TYPE_CHECKING:
    from datetime import datetime


def drift_of(targets: Sequence[Target]) -> dict[str, Any]:
    """Each target with its differences, and the orphans in their namespaces. No cluster is asked."""
    return {
        "targets": [_target(target) for target in targets],
        "orphans": [
            {"environment": target.environment.name, **one.to_json(), "is_held": one.is_held}
            for target in targets
            for one in orphans_of(target)
        ],
    }


def orphans_of(target: Target) -> list[Orphan]:
    """What ended or unknown releases of this target's workload left: everything named after it or its Service."""
    names = {target.workload, target.kubernetes_service} - {""}
    beginnings = tuple(f"{name}-" for name in names)
    found = find_orphans(target.cluster_id, target.namespace)
    mine = {one.release for one in found if one.name in names or one.name.startswith(beginnings)}
    return [one for one in found if one.release in mine]


def _target(target: Target) -> dict[str, Any]:
    place = {
        "environment": target.environment.name,
        "cluster": target.cluster.name,
        "namespace": target.namespace,
        "workload": target.workload,
    }
    row = read.observed(target.cluster_id, "Deployment", target.namespace, target.workload)
    revision = Revision.objects.filter(target=target).order_by("-number").first()
    under_way = Release.objects.active().filter(target=target).exists()
    status, differences = _compared(row, revision, is_under_way=under_way)
    as_of: datetime | None = row.seen_at if row else None
    return {
        **place,
        "status": status,
        "revision": revision.number if revision else None,
        "differences": differences,
        "as_of": as_of,
    }


def _compared(
    row: Observation | None, revision: Revision | None, *, is_under_way: bool
) -> tuple[str, list[dict[str, str]]]:
    """`unknown` where there is nothing to compare, `missing` where the workload was not seen, `releasing` while a
    release is between the two."""
    if row is None:
        return "missing", []
    if revision is None:
        return "unknown", []
    seen = row.slim.get("images") or {}
    wanted = _images(revision)
    found = [
        {"field": f"containers/{name}/image", "declared": wanted.get(name, ""), "observed": str(seen.get(name, ""))}
        for name in sorted({*wanted, *seen})
        if wanted.get(name, "") != seen.get(name, "")
    ]
    if is_under_way:
        return "releasing", found
    return ("drifted" if found else "in_sync"), found


def _images(revision: Revision) -> dict[str, str]:
    containers = (revision.template.get("spec") or {}).get("containers") or []
    return {str(one["name"]): str(one.get("image", "")) for one in containers}
