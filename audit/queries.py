"""What may be asked of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Lower

from audit.models import Checkpoint, Entry, Verification
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


def last_verification() -> Verification | None:
    """What came of the latest look at the whole chain."""
    return Verification.objects.first()


def broken_verification() -> Verification | None:
    """The latest look at the whole chain, when it found that the log was changed."""
    found = Verification.objects.first()
    return found if found and not found.valid else None


def last_checkpoint() -> Checkpoint | None:
    """Where the log begins, when its beginning was removed after its time."""
    return Checkpoint.objects.first()


def about(rows: Rows, text: str) -> Rows:
    """Entries about one object, given as its name, `type/name` or id."""
    kind, slash, name = text.partition("/")
    if slash:
        return rows.filter(object_type=kind, object_name=name)
    return rows.filter(Q(object_name=text) | Q(object_id=text))


def by_whom(rows: Rows, text: str) -> Rows:
    """Entries of one actor, whatever the case of the name: by the expression that the index holds."""
    found: Rows = rows.alias(actor_low=Lower("actor")).filter(actor_low=text.lower())
    return found


FILTERS: dict[str, Filter] = {
    "actor": by_whom,
    "on_behalf_of": "on_behalf_of",
    "token": "token_name",
    "address": "address",
    "action": "action",
    "object": about,
    "team": "team",
    "request_id": "request_id",
    "since": instant("at__gte"),
    "until": instant("at__lt"),
}
SEARCHED = ("actor", "action", "object_name", "request_id")
