"""Approvals as an inbox and as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deployments.models import Approval
from deployments.queries.waiting import waiting_for
from web.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import User


def approval_list(user: User) -> QuerySet[Approval]:
    """Every approval of the releases that the user may see, newest first, with names; big columns left out."""
    big = ("release__template_from", "release__template_to", "release__from_revision__template")
    return Approval.objects.visible_to(user).with_names().prefetch_related("voices__person").defer(*big)


def inbox(user: User) -> QuerySet[Approval]:
    """What waits for this person's voice: pending, in time, asked of a team in which they judge, neither of their own
    asking nor answered by them already."""
    return approval_list(user).filter(pk__in=waiting_for(user).approvals)


def approval_named(user: User, approval_id: UUID | str) -> Approval:
    """One approval with everything its page shows. Raises NotFound, also for a hidden one."""
    visible = Approval.objects.visible_to(user).with_names().prefetch_related("voices__person")
    found = visible.filter(pk=approval_id).first()
    if found is None:
        raise NotFound(_("There is no approval %(id)s that you may see.") % {"id": approval_id})
    return found


def pending_approval(release_id: UUID) -> Approval | None:
    """The approval that a release waits for, if any."""
    waiting = Approval.objects.with_names().pending().prefetch_related("voices__person")
    return waiting.filter(release_id=release_id).first()
