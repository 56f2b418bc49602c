"""Chart repositories, uploads, Helm releases and operations, for tests."""

from __future__ import annotations

from typing import Any

from accounts.models import Team, User
from charts.keeping import keep
from charts.models import ChartUpload, HelmOperation, HelmRelease
from clusters.models import Cluster
from tests.charts.archives import web_chart


def new_upload(
    team: Team | None, name: str = "web", version: str = "1.0.0", *, by: User | None = None, **files: Any
) -> ChartUpload:
    """A chart that the team uploaded; None is for all teams."""
    archive = keep(web_chart(name, version, files))
    return ChartUpload.objects.create(name=name, chart_version=version, team=team, archive=archive, created_by=by)


def new_helm_release(cluster: Cluster, namespace: str, name: str = "web", **values: Any) -> HelmRelease:
    """A release as it was seen on a cluster."""
    seen = {"status": "deployed", "revision": 1, "chart": "web", "chart_version": "1.0.0", **values}
    return HelmRelease.objects.create(cluster=cluster, namespace=namespace, name=name, **seen)


def new_operation(
    release: HelmRelease, kind: str = "upgrade", *, by: User | None = None, **values: Any
) -> HelmOperation:
    """An operation that waits for a worker."""
    return HelmOperation.objects.create(release=release, kind=kind, created_by=by, **values)
