"""What the rail counts: releases that are under way, and approvals that wait for one person. One query for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.utils import timezone

from accounts.permissions import team_names_with
from deployments.models import Release, ReleaseEvent, Voice

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Waiting:
    """How many releases have not ended, and the approvals to which this person's voice is missing."""

    active: int
    approvals: tuple[UUID, ...]


def waiting_for(user: User) -> Waiting:
    """Of the releases that the user may see. Kept on the user instance, which lives for one request: every page asks
    it for more than one count of its rail."""
    kept: Waiting | None = user.__dict__.get("_waiting")
    if kept is None:
        kept = _waiting_for(user)
        user.__dict__["_waiting"] = kept
    return kept


def forget_waiting(user: User) -> None:
    """Ask anew at the next question: this request has decided something."""
    user.__dict__.pop("_waiting", None)


def active_count(user: User) -> int:
    """How many releases that the user may see have not ended."""
    return waiting_for(user).active


def inbox_count(user: User) -> int:
    """How many approvals wait for this person."""
    return len(waiting_for(user).approvals)


def _waiting_for(user: User) -> Waiting:
    """Only a release that is under way has a pending approval, so the rows of the one hold the other."""
    pending = FilteredRelation("approvals", condition=Q(approvals__state="pending"))
    edited = ReleaseEvent.objects.filter(release=OuterRef("pk"), kind="release.edit", actor__iexact=user.username)
    spoken = Voice.objects.filter(approval=OuterRef("pending__pk"), person=user)
    rows = (
        Release.objects.visible_to(user)
        .active()
        .order_by()
        .annotate(pending=pending)
        .annotate(
            approval=F("pending__pk"),
            rules=F("pending__rules"),
            expires_at=F("pending__expires_at"),
            is_barred=Exists(edited),
            has_spoken=Exists(spoken),
        )
        .values_list(
            "pk",
            "approval",
            "rules",
            "expires_at",
            "is_barred",
            "has_spoken",
            "target__environment__name",
            "created_by",
            "retry_of__created_by",
        )
    )
    now, active, asked = timezone.now(), set(), []
    for pk, approval, rules, expires_at, is_barred, has_spoken, environment, *askers in rows:
        active.add(pk)
        if approval is None or is_barred or has_spoken or user.pk in askers or (expires_at and expires_at <= now):
            continue
        if user.is_admin or _is_asked(user, rules, environment):
            asked.append(approval)
    return Waiting(len(active), tuple(asked))


def _is_asked(user: User, rules: list[dict[str, Any]], environment: str) -> bool:
    teams = team_names_with(user, "release.approve", environment)
    return any(rule["team"] in teams for rule in rules)
