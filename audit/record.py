"""Writing down what was done, in the transaction that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from audit.models import Entry
from web import caller, request_id
from web.live import publish
from web.redact import redacted

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import Model

SYSTEM = "slipway"
# How the command line client names itself.
CLI_AGENT = "slipway-cli/"


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
    on_behalf_of: str = "",
    **data: Any,
) -> None:
    """Add one entry. Call it inside the transaction of the change, so that neither is there without the other.

    `by` None means that Slipway itself acted, `on_behalf_of` for whom; a token may say that of itself. `team` is the
    name of the team that owns `obj`; its maintainers may read the entry. Values under names that sound secret are
    masked before they are stored. Request id and address are those of the request at hand.
    """
    token = by.token if by else None
    Entry.objects.create(
        actor=by.username if by else SYSTEM,
        actor_id=by.pk if by else None,
        on_behalf_of=(on_behalf_of or caller.on_behalf_of() or str(getattr(token, "on_behalf_of", "")))[:255],
        token_name=token.name if token else "",
        way=_way(by),
        address=caller.current().address,
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


def _way(by: Actor | None) -> Entry.Way:
    if by is None:
        return Entry.Way.SYSTEM
    if by.token is None:
        # A robot whom a webhook woke, a person for whom a task goes on: no request is at hand.
        return Entry.Way.SYSTEM if caller.current() is caller.NOBODY else Entry.Way.BROWSER
    by_hand = getattr(by.token, "way", "") == "device" or caller.current().agent.startswith(CLI_AGENT)
    return Entry.Way.CLI if by_hand else Entry.Way.TOKEN
