"""The list of services as lines of a spreadsheet: one for each place where a service runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from services.queries.listing import listed

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from services.models import Service

CSV_HEADS = (
    *(_("Service"), _("Title"), _("Owner"), _("Lifecycle"), _("System"), _("Tags")),
    *(
        _("Environment"),
        _("Cluster"),
        _("Namespace"),
        _("Workload"),
        _("Version"),
        _("Health"),
        _("Ready"),
        _("Desired"),
    ),
)
_AT_ONCE = 500


def csv_rows(services: QuerySet[Service]) -> Iterator[list[object]]:
    """Lines as CSV_HEADS names them; a service that runs nowhere has one, with the rest empty."""
    for start in range(0, services.count(), _AT_ONCE):
        for item in listed(list(services[start : start + _AT_ONCE])):
            service = item.service
            about = [service.name, service.title, service.team.name, service.lifecycle, service.system]
            about.append(" ".join(service.tags))
            for row in item.rows:
                target = row.target
                where = [target.environment.name, target.cluster.name, target.namespace, target.workload]
                yield [*about, *where, row.version, row.health.state.value, row.ready, row.desired]
            if not item.rows:
                yield [*about, *[""] * 8]
