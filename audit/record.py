"""Writing down what was done, in the transaction that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from audit.models import Entry
from web import request_id
from web.live import publish
from web.redact import redacted

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import Model

SYSTEM = "slipway"


class NamedToken(Protocol):
    name: str


class Actor(Protocol):
    """Whoever acts: a person, maybe through a token."""

    @property
    def pk(self) -> UUID: ...
    @property
    def username(self) -> str: ...
    @property
    def token(self) -> NamedToken | None: ...


def audit(
    by: Actor | None,
    action: str,
    obj: Model,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    team: str = "",
    **data: Any,
) -> None:
    """Add one entry. Call it inside the transaction of the change, so that neither is there without the other.

    `by` None means that Slipway itself acted. `team` is the name of the team that owns `obj`; its maintainers may read
    the entry. Values under names that sound secret are masked before they are stored.
    """
    Entry.objects.create(
        actor=by.username if by else SYSTEM,
        actor_id=by.pk if by else None,
        token_name=by.token.name if by and by.token else "",
        action=action,
        object_type=obj._meta.model_name or "",
        object_id=str(obj.pk),
        object_name=str(obj)[:253],
        team=team,
        request_id=request_id.current(),
        before=redacted(before),
        after=redacted(after),
        data=redacted(data),
    )
    publish("audit")
