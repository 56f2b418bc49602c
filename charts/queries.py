"""Charts, releases and operations: what may be asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from charts import manifests
from charts.index import newest, version_order
from charts.models import ChartUpload, HelmOperation, HelmRelease, IndexedChart
from charts.sources import UPLOADS, Chosen
from charts.storage import Record, history, one
from charts.waiting import keys_of
from clusters.connection import connect
from clusters.errors import ApiRefused
from web.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.models import Cluster

MOST_FOUND = 200


def release_rows(user: User) -> QuerySet[HelmRelease]:
    """The releases that the user may see, each with its cluster and its operations that have not ended."""
    running = HelmOperation.objects.exclude(state__in=HelmOperation.ENDED).select_related("created_by").defer("values")
    return (
        HelmRelease.objects.visible_to(user)
        .select_related("cluster")
        .prefetch_related(Prefetch("operations", queryset=running, to_attr="running"))
    )


def operations_of(user: User) -> QuerySet[HelmOperation]:
    """The operations on the releases that the user may see, newest first."""
    everything = HelmOperation.objects.all()
    rows = everything if user.is_admin else everything.filter(release__in=HelmRelease.objects.visible_to(user))
    return (
        rows.select_related("release__cluster", "created_by").defer("values", "archive").order_by("-created_at", "-id")
    )


def search_charts(user: User, text: str) -> list[dict[str, Any]]:
    """Charts whose name, description or keywords hold every word, uploads first, those named so before the others."""
    words = [word.lower() for word in text.split()[:8]]
    found = [*_uploads(user, words), *_indexed(words)]
    found.sort(key=lambda chart: (not all(word in chart["name"].lower() for word in words), chart["chart"]))
    return found[:MOST_FOUND]


def versions_of(user: User, chosen: Chosen) -> list[str]:
    """The versions that are known of a chart, newest first; only the chosen one of a chart that no index has."""
    same = (each["versions"] for each in search_charts(user, chosen.name) if each["chart"] == chosen.ref)
    versions: list[str] = next(same, [chosen.version])
    return versions


def history_of(release: HelmRelease) -> list[dict[str, Any]]:
    """The revisions as `helm history` tells them, newest first. Raises ClusterUnreachable, StorageUnreadable."""
    return [revision_facts(record) for record in history(connect(release.cluster), release.namespace, release.name)]


def revision_facts(record: Record) -> dict[str, Any]:
    """One revision, under the names of `helm history --output json`."""
    return {
        "revision": record.revision,
        "updated": record.deployed_at,
        "status": record.status,
        "chart": f"{record.chart}-{record.chart_version}",
        "app_version": record.app_version,
        "description": record.description,
    }


def manifest_of(release: HelmRelease, revision: int = 0) -> dict[str, Any]:
    """`{revision, manifest}` as `helm get manifest` tells it, with the values of Secrets masked; 0 is the newest.

    Raises NotFound for a revision that is not kept, ClusterUnreachable, StorageUnreadable.
    """
    record = _record(release, revision)
    return {"revision": record.revision, "manifest": manifests.shown(record.manifest)}


def objects_of_release(release: HelmRelease) -> list[str]:
    """What goes with the release: all that its newest revision made and does not keep. Raises as `manifest_of`."""
    return [str(key) for key in keys_of(_record(release, 0).manifest, leaving=True)]


def operations_on(cluster: Cluster) -> list[dict[str, Any]]:
    """What is in the way of removing a cluster."""
    rows = HelmOperation.objects.exclude(state__in=HelmOperation.ENDED).filter(release__cluster=cluster)
    return [
        {"kind": "helm_operation", "id": str(each.pk), "name": str(each.release)}
        for each in rows.select_related("release__cluster").defer("values")[:20]
    ]


def may_follow(user: User, topic: str) -> bool:
    """Whether the release `helm_release:<id>` is this person's to see."""
    try:
        release_id = UUID(topic.partition(":")[2])
    except ValueError:
        return False
    return HelmRelease.objects.visible_to(user).filter(pk=release_id).exists()


def _record(release: HelmRelease, revision: int) -> Record:
    door = connect(release.cluster)
    if not revision:
        kept = history(door, release.namespace, release.name)
        if kept:
            return kept[0]
        raise NotFound(_("Helm knows no release %(name)s any more.") % {"name": release.name})
    try:
        return one(door, release.namespace, release.name, revision)
    except ApiRefused as refusal:
        if not refusal.is_not_found:
            raise
        raise NotFound(_("Revision %(revision)d is not kept.") % {"revision": revision}) from refusal


def _uploads(user: User, words: list[str]) -> list[dict[str, Any]]:
    rows = ChartUpload.objects.visible_to(user).select_related("archive").defer("archive__packed")
    by_name: dict[str, list[ChartUpload]] = {}
    for upload in rows:
        facts = upload.archive.facts
        told = " ".join([upload.name, facts["description"], *facts["keywords"]]).lower()
        if all(word in told for word in words):
            by_name.setdefault(upload.name, []).append(upload)
    found = []
    for name, uploads in by_name.items():
        uploads.sort(key=lambda upload: version_order(upload.chart_version), reverse=True)
        facts = uploads[0].archive.facts
        found.append(
            {
                "chart": f"{UPLOADS}/{name}",
                "repository": UPLOADS,
                "name": name,
                "description": facts["description"],
                "keywords": facts["keywords"],
                "version": uploads[0].chart_version,
                "app_version": facts["app_version"],
                "versions": [upload.chart_version for upload in uploads],
            }
        )
    return found


def _indexed(words: list[str]) -> list[dict[str, Any]]:
    rows = IndexedChart.objects.select_related("repository")
    for word in words:
        # Keywords are JSON text, in which a word stands between quotes.
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(keywords__icontains=word))
    return [_told(chart) for chart in rows[:MOST_FOUND]]


def _told(chart: IndexedChart) -> dict[str, Any]:
    head = newest(chart.versions) or {}
    return {
        "chart": f"{chart.repository.name}/{chart.name}",
        "repository": chart.repository.name,
        "name": chart.name,
        "description": chart.description,
        "keywords": chart.keywords,
        "version": head.get("version", ""),
        "app_version": head.get("app_version", ""),
        "versions": [each["version"] for each in chart.versions[:50]],
    }
