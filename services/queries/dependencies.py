"""Who a service needs and who needs it, with their health. Services that the caller may not see stay names at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextField
from django.db.models.functions import Cast

from services.health import State
from services.models import Service
from services.queries.listing import ListedService, listed

if TYPE_CHECKING:
    from accounts.models import User

MOST_SHOWN = 200


@dataclass(frozen=True)
class Neighbour:
    """One service at the other end of a dependency; `listed` is None when it is not in the caller's catalog."""

    name: str
    listed: ListedService | None

    @property
    def state(self) -> State | None:
        return self.listed.worst_state if self.listed else None

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Environment and reason of each of its targets that is not well."""
        rows = self.listed.rows if self.listed else []
        return [
            (row.environment.name, row.health.reason)
            for row in rows
            if row.health.state not in {State.HEALTHY, State.SCALED_TO_ZERO}
        ]


def dependencies_of(user: User, service: Service) -> list[Neighbour]:
    """The services that this one says it depends on, in the order it names them."""
    names = service.depends_on[:MOST_SHOWN]
    found = Service.objects.visible_to(user).filter(name__in=names).select_related("team") if names else []
    known = {item.service.name: item for item in listed(list(found))}
    return [Neighbour(name, known.get(name)) for name in names]


def dependents_of(user: User, service: Service) -> list[Neighbour]:
    """The services the user may see that say they depend on this one, by name."""
    # A name is a DNS label, so the quoted name in the JSON text is an exact match on every database.
    naming = (
        Service.objects.visible_to(user)
        .annotate(depends_on_text=Cast("depends_on", TextField()))
        .filter(depends_on_text__contains=f'"{service.name}"')
        .select_related("team")
        .order_by("name")[:MOST_SHOWN]
    )
    return [Neighbour(item.service.name, item) for item in listed(list(naming))]
