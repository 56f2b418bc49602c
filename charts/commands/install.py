"""Install a chart as a Helm release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from charts.commands.asking import ask_for, checked_seconds, refuse_busy
from charts.errors import ReleaseExists
from charts.models import HelmOperation, HelmRelease
from charts.names import checked_namespace, checked_release_name, checked_version
from charts.places import require_place
from charts.sources import choose
from charts.values import checked_values

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.models import Cluster

DEFAULT_SECONDS = 300


def install_release(
    by: User,
    cluster: Cluster,
    *,
    namespace: str,
    name: str,
    chart: str,
    version: str = "",
    values: Any = None,
    atomic: bool = False,
    create_namespace: bool = False,
    timeout_seconds: int = DEFAULT_SECONDS,
) -> HelmOperation:
    """Ask for a chart to be installed. `values` is an object or YAML; with `atomic` a failed install is taken away.

    Raises NotPermitted, Invalid, HelmMissing, ReleaseExists, OperationRunning, ReleasePending, RepositoryUnreachable.
    """
    checked_release_name(name)
    team = require_place(by, "helm_release.install", cluster, checked_namespace(namespace))
    clean = checked_values(values)
    chosen = choose(by, chart, checked_version(version))
    release = HelmRelease.objects.filter(cluster=cluster, namespace=namespace, name=name).first()
    if release is not None:
        refuse_busy(release)
        # Helm lets a first install that failed be tried again.
        if not release.is_gone and not (release.status == "failed" and release.revision <= 1):
            raise ReleaseExists(
                _("There is a release %(name)s in namespace %(namespace)s, with chart %(chart)s %(version)s.")
                % {"name": name, "namespace": namespace, "chart": release.chart, "version": release.chart_version},
                next=_("Upgrade it, or choose another name."),
            )
    return ask_for(
        by,
        release or HelmRelease(cluster=cluster, namespace=namespace, name=name),
        "install",
        team=team,
        recorded={"chart": chosen.ref, "version": chosen.version, "value_names": sorted(clean)},
        chart_ref=chosen.ref,
        chart_version=chosen.version,
        archive=chosen.upload.archive if chosen.upload else None,
        values=clean,
        atomic=atomic,
        create_namespace=create_namespace,
        timeout_seconds=checked_seconds(timeout_seconds),
    )
