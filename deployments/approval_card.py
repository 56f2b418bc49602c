"""An approval as pages show it: facts with addresses, and the words of its gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from deployments.approval_facts import approval_facts, step_of
from deployments.eligible import voters_of
from deployments.engine.json import Json
from deployments.models import Approval, Phase, Release
from deployments.queries.approvals import pending_approval


@dataclass(frozen=True)
class Card:
    """`facts` as the API tells them; `gate` says in words where the release waits."""

    approval: Approval
    facts: Json
    gate: str
    approve_url: str
    reject_url: str

    @property
    def release(self) -> Release:
        return self.approval.release

    @property
    def is_pending(self) -> bool:
        return self.approval.state == Approval.State.PENDING


def card_of(approval: Approval, user: User) -> Card:
    """One approval for its page and for the page of its release."""
    return cards_of([approval], user)[0]


def cards_of(approvals: Iterable[Approval], user: User) -> list[Card]:
    """Several, for the inbox."""
    approvals = list(approvals)
    voters = voters_of(approvals)
    return [
        Card(
            one,
            approval_facts(one, user, voters),
            gate_words(one),
            reverse("deployments:approve", args=[one.release_id]),
            reverse("deployments:reject", args=[one.release_id]),
        )
        for one in approvals
    ]


def card_on_release(release: Release, user: User) -> Card | None:
    """What the release waits for, None (without a query) where it waits for no voice."""
    if release.ended or release.phase != Phase.AWAITING_APPROVAL:
        return None
    found = pending_approval(release.pk)
    return card_of(found, user) if found else None


def gate_words(approval: Approval) -> str:
    """Where in its way the release waits."""
    step = step_of(approval)
    if step is not None:
        return _("before it goes on from step %(number)d") % {"number": step + 1}
    return _("before it begins") if approval.gate == "start" else _("before traffic is switched")
