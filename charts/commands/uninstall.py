"""Uninstall a Helm release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charts.commands.asking import ask_for, checked_seconds, refuse_busy, refuse_gone
from charts.commands.install import DEFAULT_SECONDS
from charts.models import HelmOperation, HelmRelease
from charts.places import require_place

if TYPE_CHECKING:
    from accounts.models import User


def uninstall_release(by: User, release: HelmRelease, *, timeout_seconds: int = DEFAULT_SECONDS) -> HelmOperation:
    """Ask for a release to be taken away, with its history.

    Raises NotPermitted, HelmMissing, ReleaseGone, OperationRunning, ReleasePending.
    """
    team = require_place(by, "helm_release.uninstall", release.cluster, release.namespace)
    refuse_gone(release)
    refuse_busy(release)
    return ask_for(
        by,
        release,
        "uninstall",
        team=team,
        recorded={"chart": release.chart, "version": release.chart_version, "revision": release.revision},
        timeout_seconds=checked_seconds(timeout_seconds),
    )
