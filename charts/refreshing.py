"""What a repository offers, asked of it and kept as rows, so that search never waits for a network."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from charts.errors import RepositoryUnreachable
from charts.fetching import fetch
from charts.index import MAX_INDEX_BYTES, BadIndex, Indexed, read_index
from charts.models import ChartRepository, IndexedChart
from charts.sources import registry_of, source_of

MAX_REGISTRY_CHARTS = 200


def ask(repository: ChartRepository) -> list[Indexed] | None:
    """The charts that the repository offers; None where a registry has no catalogue and its charts go by name.

    Raises RepositoryUnreachable.
    """
    if repository.kind == ChartRepository.Kind.OCI:
        return _ask_registry(repository)
    base = repository.url.rstrip("/")
    answer = fetch(source_of(repository), f"{base}/index.yaml", max_bytes=MAX_INDEX_BYTES, accept="*/*")
    if answer.status in {401, 403}:
        raise RepositoryUnreachable(
            repository.name,
            _("it asks for credentials, or refuses those it was given (%(status)d)") % {"status": answer.status},
            step="request",
            next=_("Give a username and password for it."),
        )
    if answer.status != 200:
        raise RepositoryUnreachable(
            repository.name,
            _("it answered %(status)d where its index.yaml should be") % {"status": answer.status},
            step="request",
            next=_("Give the address of the folder that index.yaml is in."),
        )
    try:
        return read_index(answer.body, base)
    except BadIndex as error:
        raise RepositoryUnreachable(
            repository.name, _("its index.yaml cannot be used: %(why)s") % {"why": error.detail}, step="read"
        ) from error


def keep_offer(repository: ChartRepository, charts: list[Indexed] | None) -> None:
    """Replace the rows of a repository by what it offers now. Call it inside a transaction."""
    IndexedChart.objects.filter(repository=repository).delete()
    IndexedChart.objects.bulk_create(
        IndexedChart(
            repository=repository,
            name=chart.name,
            description=chart.description,
            keywords=chart.keywords,
            versions=chart.versions,
        )
        for chart in charts or []
    )
    said = "" if charts is not None else _("This registry shows no catalogue: name its charts yourself.")
    values: dict[str, Any] = {"status": ChartRepository.Status.READY, "status_message": said}
    ChartRepository.objects.filter(pk=repository.pk).update(**values, refreshed_at=timezone.now())


def refresh(repository: ChartRepository) -> None:
    """Ask again and keep the answer; a failure is written down and leaves what was known. Raises nothing of it."""
    try:
        charts = ask(repository)
    except RepositoryUnreachable as error:
        ChartRepository.objects.filter(pk=repository.pk).update(
            status=ChartRepository.Status.UNREACHABLE, status_message=error.detail
        )
        return
    with transaction.atomic():
        keep_offer(repository, charts)


def refresh_all() -> None:
    """Ask every repository again, one after the other."""
    for repository in ChartRepository.objects.all():
        refresh(repository)


def _ask_registry(repository: ChartRepository) -> list[Indexed] | None:
    registry = registry_of(repository)
    names = registry.charts()
    if names is None:
        return None
    charts = []
    for name in names[:MAX_REGISTRY_CHARTS]:
        versions = [
            {"version": each, "app_version": "", "url": "", "digest": "", "deprecated": False}
            for each in registry.versions(name)
        ]
        if versions:
            charts.append(Indexed(name, "", versions=versions))
    return charts
