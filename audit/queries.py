"""What may be asked of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from audit.models import Entry
from web.filters import Filter, Rows, instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet


def entries(user_id: UUID, *, is_admin: bool, teams: Iterable[str]) -> QuerySet[Entry]:
    """What a person may read: admins everything, others what they did themselves and what concerns `teams`.

    `teams` are the names of the teams in which the person holds audit.view.
    """
    if is_admin:
        return Entry.objects.all()
    return Entry.objects.filter(Q(actor_id=user_id) | Q(team__in=list(teams)))


def about(rows: Rows, text: str) -> Rows:
    """Entries about one object, given as its name, `type/name` or id."""
    kind, slash, name = text.partition("/")
    if slash:
        return rows.filter(object_type=kind, object_name=name)
    return rows.filter(Q(object_name=text) | Q(object_id=text))


FILTERS: dict[str, Filter] = {
    "actor": "actor__iexact",
    "action": "action",
    "object": about,
    "team": "team",
    "request_id": "request_id",
    "since": instant("at__gte"),
    "until": instant("at__lt"),
}
SEARCHED = ("actor", "action", "object_name", "request_id")
