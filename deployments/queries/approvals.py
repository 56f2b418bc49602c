"""Approvals as an inbox and as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.permissions import judged_teams
from deployments.models import Approval, ReleaseEvent
from durable.clock import database_time
from web.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import User


def approval_list(user: User) -> QuerySet[Approval]:
    """Every approval of the releases that the user may see, newest first, with names; big columns left out."""
    big = ("release__template_from", "release__template_to", "release__from_revision__template")
    return Approval.objects.visible_to(user).with_names().prefetch_related("voices__person").defer(*big)


def inbox(user: User) -> QuerySet[Approval]:
    """What waits for this person's voice: pending, in time, asked of a team in which they judge, neither of their own
    asking nor answered by them already. Three queries at most."""
    return approval_list(user).filter(pk__in=_waiting_for(user))


def inbox_count(user: User) -> int:
    """How many approvals wait for this person. No query for somebody who judges in no team."""
    return len(_waiting_for(user))


def approval_named(user: User, approval_id: UUID | str) -> Approval:
    """One approval with everything its page shows. Raises NotFound, also for a hidden one."""
    found = Approval.objects.visible_to(user).with_names().filter(pk=approval_id).first()
    if found is None:
        raise NotFound(_("There is no approval %(id)s that you may see.") % {"id": approval_id})
    return found


def pending_approval(release_id: UUID) -> Approval | None:
    """The approval that a release waits for, if any."""
    return Approval.objects.with_names().pending().filter(release_id=release_id).first()


def _waiting_for(user: User) -> list[UUID]:
    teams = judged_teams(user)
    if not (user.is_admin or teams):
        return []
    in_time = Q(expires_at=None) | Q(expires_at__gt=database_time())
    mine = Q(release__created_by=user) | Q(release__retry_of__created_by=user)
    rows = Approval.objects.visible_to(user).pending().filter(in_time).exclude(mine).exclude(voices__person=user)
    asked = [
        (pk, release_id)
        for pk, release_id, rules in rows.order_by().values_list("pk", "release_id", "rules")
        if user.is_admin or any(rule["team"] in teams for rule in rules)
    ]
    if not asked:
        return []
    edited = ReleaseEvent.objects.filter(kind="release.edit", actor__iexact=user.username)
    by_me = set(
        edited.filter(release__in=[release_id for _pk, release_id in asked]).values_list("release_id", flat=True)
    )
    return [pk for pk, release_id in asked if release_id not in by_me]
