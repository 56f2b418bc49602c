"""Dry run: what an install or upgrade would apply, and how that differs from what runs now. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from charts import manifests
from charts.commands.upgrade import chart_for
from charts.errors import HelmFailed
from charts.models import HelmRelease
from charts.names import checked_namespace, checked_release_name, checked_version
from charts.places import require_place
from charts.sources import choose, obtain
from charts.storage import Record, history
from charts.values import checked_values
from charts.workbench import Workbench, beyond_namespace, opened, render
from web.diffs import DiffLine

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.models import Cluster


def try_install(
    by: User, cluster: Cluster, *, namespace: str, name: str, chart: str, version: str = "", values: Any = None
) -> dict[str, Any]:
    """What an install would make: `{chart, version, manifest, changes, diff, notes, beyond_namespace}`.

    Raises what the install raises, and HelmFailed with Helm's own words, ClusterUnreachable.
    """
    checked_release_name(name)
    require_place(by, "helm_release.install", cluster, checked_namespace(namespace))
    return _try(by, cluster, namespace, name, chart, checked_version(version), checked_values(values))


def try_upgrade(
    by: User, release: HelmRelease, *, chart: str = "", version: str = "", values: Any = None
) -> dict[str, Any]:
    """What an upgrade would change, as `try_install`. `values` None keeps those the release has."""
    require_place(by, "helm_release.upgrade", release.cluster, release.namespace)
    wanted = checked_version(version or ("" if chart else release.chart_version))
    clean = None if values is None else checked_values(values)
    return _try(by, release.cluster, release.namespace, release.name, chart_for(release, chart), wanted, clean)


def _try(
    by: User, cluster: Cluster, namespace: str, name: str, chart: str, version: str, values: dict[str, Any] | None
) -> dict[str, Any]:
    chosen = choose(by, chart, version)
    archive = obtain(chosen)
    with opened(cluster, namespace, values, beyond_namespace=by.is_admin) as bench:
        running = running_now(bench, name)
        given = (running.config if running else {}) if values is None else values
        bench.run.values.update(given)
        rendered = render(bench, name, archive, given)
        beyond = [] if by.is_admin else beyond_namespace(bench, rendered, archive)
    before = running.manifest if running else ""
    try:
        changes = manifests.changes(before, rendered.manifest, namespace)
    except manifests.BadManifest as error:
        raise HelmFailed(_("The manifests cannot be compared: %(why)s.") % {"why": error.detail}) from error
    return {
        "chart": chosen.ref,
        "version": chosen.version,
        "manifest": manifests.shown(rendered.manifest),
        "changes": [{"object": str(each.key), "action": each.action} for each in changes],
        "diff": "\n".join(line for each in changes for line in _lines(each)),
        "notes": rendered.notes,
        "beyond_namespace": beyond,
    }


def running_now(bench: Workbench, name: str) -> Record | None:
    """The revision that is deployed, else the newest. Raises ClusterUnreachable, ApiRefused, StorageUnreadable."""
    kept = history(bench.door, bench.namespace, name)
    return next((record for record in kept if record.status == "deployed"), kept[0] if kept else None)


def _lines(change: manifests.Change) -> list[str]:
    return [f"--- {change.key}", f"+++ {change.key} ({change.action})", *(_line(line) for line in change.lines)]


def _line(line: DiffLine) -> str:
    signs = {"add": "+", "del": "-", "same": " ", "hunk": ""}
    return f"{signs[line.kind]}{line.text}"
