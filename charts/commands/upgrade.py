"""Upgrade a Helm release to other values, another version or another chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from charts.commands.asking import ask_for, checked_seconds, refuse_busy, refuse_gone
from charts.commands.install import DEFAULT_SECONDS
from charts.models import HelmOperation, HelmRelease
from charts.names import checked_version
from charts.places import require_place
from charts.sources import choose
from charts.values import checked_values
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def upgrade_release(
    by: User,
    release: HelmRelease,
    *,
    chart: str = "",
    version: str = "",
    values: Any = None,
    atomic: bool = False,
    timeout_seconds: int = DEFAULT_SECONDS,
) -> HelmOperation:
    """Ask for an upgrade. Without `chart` the one it was installed from is taken; `values` None keeps those it has.

    Raises NotPermitted, Invalid, HelmMissing, ReleaseGone, OperationRunning, ReleasePending, RepositoryUnreachable.
    """
    team = require_place(by, "helm_release.upgrade", release.cluster, release.namespace)
    clean = None if values is None else checked_values(values)
    refuse_gone(release)
    refuse_busy(release)
    chosen = choose(by, chart_for(release, chart), checked_version(version or ("" if chart else release.chart_version)))
    return ask_for(
        by,
        release,
        "upgrade",
        team=team,
        recorded={"chart": chosen.ref, "version": chosen.version, "value_names": sorted(clean or {})},
        chart_ref=chosen.ref,
        chart_version=chosen.version,
        archive=chosen.upload.archive if chosen.upload else None,
        values=clean,
        atomic=atomic,
        timeout_seconds=checked_seconds(timeout_seconds),
    )


def chart_for(release: HelmRelease, chart: str) -> str:
    """Which chart an upgrade takes. Raises Invalid at /chart for a release that came from elsewhere."""
    if chart or release.chart_ref:
        return chart or release.chart_ref
    raise Invalid.at(
        "/chart",
        "required",
        _("%(name)s was not installed by Slipway: say where its chart %(chart)s comes from.")
        % {"name": release.name, "chart": release.chart},
    )
