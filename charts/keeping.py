"""Archives that passed, kept in the database by their digest, so that every worker finds the very same bytes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from charts.archive import Chart, pack, read_chart
from charts.models import ChartArchive, HelmOperation

KEPT_UNUSED = timedelta(days=2)


def keep(content: bytes) -> ChartArchive:
    """Read an archive by every rule and keep it, once. Raises ArchiveRefused, ArchiveTooLarge."""
    chart = read_chart(content)
    values = {
        "name": chart.name,
        "chart_version": chart.version,
        "facts": facts_of(chart),
        "packed": pack(chart),
        "used_at": timezone.now(),
    }
    archive, is_new = ChartArchive.objects.get_or_create(digest=chart.digest, defaults=values)
    if not is_new:
        ChartArchive.objects.filter(pk=archive.pk).update(used_at=timezone.now())
    return archive


def facts_of(chart: Chart) -> dict[str, Any]:
    """What pages and API tell of a chart."""
    return {
        "app_version": chart.app_version,
        "description": chart.description,
        "keywords": list(chart.keywords),
        "type": chart.kind,
        "kube_version": chart.kube_version,
        "deprecated": chart.deprecated,
        "home": chart.home,
        "dependencies": [asdict(each) for each in chart.dependencies],
        "missing_dependencies": chart.missing_dependencies,
        "readme": chart.readme,
        "values": chart.values,
        "schema": chart.schema,
        "has_crds": chart.has_crds,
    }


def forget_unused() -> int:
    """Remove archives that no upload and no running operation needs and nobody used lately. Answers how many."""
    old = timezone.now() - KEPT_UNUSED
    HelmOperation.objects.filter(state__in=HelmOperation.ENDED, ended_at__lt=old).exclude(archive=None).update(
        archive=None
    )
    unused = ChartArchive.objects.filter(Q(uploads=None) & Q(operations=None), used_at__lt=old)
    removed, _by_model = unused.delete()
    return removed
