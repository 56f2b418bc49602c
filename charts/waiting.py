"""Whether all that a release made is ready, or all that it made is gone, by one look at each object."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from charts import manifests
from charts.kinds import Kinds
from charts.models import HelmOperation
from charts.readiness import readiness
from charts.storage import history
from charts.workbench import Workbench
from clusters.errors import ApiRefused
from durable.row_lease import Held, save
from web.live import publish


@dataclass
class Verdict:
    """What one look found. `failed` says why it will not get ready by itself, "" otherwise."""

    waiting: list[str] = field(default_factory=list)
    failed: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return not self.waiting and not self.failed


def look(held: Held, operation: HelmOperation, bench: Workbench) -> Verdict:
    """Ask for every object once and write down how each is. Raises ClusterUnreachable, ApiRefused, LeaseLost."""
    is_leaving = operation.kind == HelmOperation.Kind.UNINSTALL
    keys = _remembered(operation) if is_leaving else _made(operation, bench)
    kinds, verdict, rows = bench.kinds, Verdict(), []
    for key in keys:
        state, why = _state(bench, kinds, key)
        if is_leaving:
            state, why = ("ready", _("is gone")) if state == "missing" else ("waiting", _("is still there"))
        rows.append(
            {
                "key": list(astuple(key)),
                "object": str(key),
                "state": "waiting" if state == "missing" else state,
                "message": why,
            }
        )
        if state == "failed" and not verdict.failed:
            verdict.failed = f"{key}: {why}"
        elif state in {"waiting", "missing"}:
            verdict.waiting.append(str(key))
        # A release of hundreds of objects takes longer than the lease.
        if len(rows) % 20 == 0:
            save(held)
    if rows != operation.resources:
        save(held, resources=rows)
        operation.resources = rows
        publish(f"helm_release:{operation.release_id}")
    return verdict


def _made(operation: HelmOperation, bench: Workbench) -> list[manifests.Key]:
    kept = history(bench.door, operation.release.namespace, operation.release.name)
    return keys_of(kept[0].manifest) if kept else []


def keys_of(manifest: str, *, leaving: bool = False) -> list[manifests.Key]:
    """The objects that a manifest names; [] for one that cannot be read, which Helm did not apply either.

    With `leaving` those that the chart says are kept when the release goes are left out.
    """
    try:
        items = manifests.objects_of(manifest)
        return [manifests.key_of(item) for item in items if not (leaving and _is_kept(item))]
    except manifests.BadManifest:
        return []


def remember(held: Held, operation: HelmOperation, manifest: str) -> None:
    """Write down what goes with the release, while Helm still knows. Raises LeaseLost."""
    keys = keys_of(manifest, leaving=True)
    operation.resources = [
        {"key": list(astuple(key)), "object": str(key), "state": "waiting", "message": _("is still there")}
        for key in keys
    ]
    save(held, resources=operation.resources)


def _is_kept(item: dict[str, Any]) -> bool:
    notes = (item.get("metadata") or {}).get("annotations") or {}
    return str(notes.get("helm.sh/resource-policy") or "").strip().lower() == "keep"


def _remembered(operation: HelmOperation) -> list[manifests.Key]:
    """Once Helm has forgotten the release, nothing in the cluster tells what it had: the row does."""
    return [manifests.Key(*each["key"]) for each in operation.resources if "key" in each]


def _state(bench: Workbench, kinds: Kinds, key: manifests.Key) -> tuple[str, str]:
    path = kinds.path(key, bench.namespace)
    if path is None:
        return "missing", _("the cluster does not know this kind")
    try:
        item: dict[str, Any] = bench.door.get(path)
    except ApiRefused as refusal:
        if refusal.is_not_found:
            return "missing", _("is not there")
        if refusal.is_forbidden:
            return "ready", _("Slipway may not look at it")
        raise
    return readiness(item)
