"""The list of services: searched, filtered and sorted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from clusters.models import Cluster
from services.health import State, worst
from services.models import Service, Target
from services.queries.rows import TargetRow, target_rows
from services.queries.state_filter import targets_in_state
from web.errors import BadParameter

if TYPE_CHECKING:
    from accounts.models import User


_UNLISTED = (
    *(f"environment__{name}" for name in ("approvals", "freeze_windows", "strategy", "promotion")),
    *(f"cluster__{name}" for name in Cluster.UNLISTED),
)


@dataclass(frozen=True)
class ListedService:
    """A service with its environments as the list shows them."""

    service: Service
    rows: list[TargetRow]

    @property
    def worst_state(self) -> State | None:
        return worst([row.health.state for row in self.rows])


def service_list(
    user: User,
    *,
    search: str = "",
    team: str = "",
    environment: str = "",
    lifecycle: str = "",
    system: str = "",
    tag: str = "",
    health: str = "",
) -> QuerySet[Service]:
    """Services that the user may see, unsorted. Filters are exact names; "" filters nothing.

    Raises BadParameter for a health there is not.
    With an environment, `health` is the health there, otherwise the health in any environment.
    """
    found = Service.objects.visible_to(user).select_related("team")
    for word in search.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(title__icontains=word)
            | Q(description__icontains=word)
            | Q(system__icontains=word)
        )
    exact = {"team__name": team, "lifecycle": lifecycle, "system": system}
    found = found.filter(**{field: value for field, value in exact.items() if value})
    if tag:
        found = found.annotate(tags_text=Cast("tags", TextField())).filter(tags_text__contains=f'"{tag}"')
    if environment or health:
        targets = targets_in_state([_state(health)]) if health else Target.objects.all()
        if environment:
            targets = targets.filter(environment__name=environment)
        found = found.filter(Exists(targets.filter(service=OuterRef("pk"))))
    return found


def _state(word: str) -> State:
    try:
        return State(word)
    except ValueError:
        raise BadParameter(
            _("There is no health “%(word)s”. There are: %(known)s.") % {"word": word, "known": ", ".join(State)}
        ) from None


def listed(services: Sequence[Service]) -> list[ListedService]:
    """The services with their target rows, in the same order. Three queries for any number of services."""
    targets = (
        Target.objects.filter(service__in=services)
        .select_related("environment", "cluster")
        .defer("strategy", *_UNLISTED)
        .order_by("environment__order", "environment__name")
    )
    by_service: dict[object, list[TargetRow]] = {}
    for row in target_rows(list(targets)):
        by_service.setdefault(row.target.service_id, []).append(row)
    return [ListedService(service, by_service.get(service.pk, [])) for service in services]
