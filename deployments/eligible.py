"""Whose voice counts: for a rule, who holds approver or maintainer in its team when it is decided.

Who asked for the release, who edited it, and who asked for the one that it tries again never count, whatever their
roles. An admin's voice counts for every team's rule, as an admin holds every right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.permissions import JUDGES
from deployments.models import Approval, Release, ReleaseEvent, Voice

if TYPE_CHECKING:
    from uuid import UUID

Rules = Iterable[dict[str, Any]]


@dataclass(frozen=True)
class Standing:
    """How far one rule is: who has given a voice that counts, and how many are missing."""

    team: str
    count: int
    given: tuple[str, ...]

    @property
    def missing(self) -> int:
        return max(0, self.count - len(self.given))


def barred_from(release: Release) -> set[str]:
    """User names (folded) whose voices never count: whoever asked for the change, or changed it, judges nothing."""
    names = {one.created_by.username for one in (release, release.retry_of) if one and one.created_by}
    edits = ReleaseEvent.objects.filter(release_id=release.pk, kind="release.edit").values_list("actor", flat=True)
    return {name.casefold() for name in (*names, *edits)}


def judges_of(teams: Iterable[str]) -> dict[str, set[UUID]]:
    """The active people who may judge, by the names of these teams. One query."""
    found: dict[str, set[UUID]] = {team: set() for team in teams}
    rows = Membership.objects.filter(team__name__in=found, role__in=JUDGES, user__is_active=True)
    for team, user in rows.order_by().values_list("team__name", "user_id"):
        found[team].add(user)
    return found


def standing_of(approval: Approval, judges: dict[str, set[UUID]] | None = None) -> list[Standing]:
    """Each rule with the approving voices that count for it now."""
    judges = judges_of(rule["team"] for rule in approval.rules) if judges is None else judges
    barred = barred_from(approval.release)
    voices = [
        voice
        for voice in approval.voices.select_related("person")
        if voice.verdict == Voice.Verdict.APPROVE
        and voice.person.is_active
        and voice.person.username.casefold() not in barred
    ]
    return [
        Standing(
            rule["team"],
            rule["count"],
            tuple(one.person.username for one in voices if counts_for(one.person, rule["team"], judges)),
        )
        for rule in approval.rules
    ]


def counts_for(person: User, team: str, judges: dict[str, set[UUID]]) -> bool:
    """Whether the person's voice counts for the rule of that team."""
    return person.is_admin or person.pk in judges.get(team, set())


def is_asked(person: User, approval: Approval, judges: dict[str, set[UUID]] | None = None) -> bool:
    """Whether a voice of this person would count for some rule of the approval."""
    if person.username.casefold() in barred_from(approval.release):
        return False
    judges = judges_of(rule["team"] for rule in approval.rules) if judges is None else judges
    return any(counts_for(person, rule["team"], judges) for rule in approval.rules)


def too_few(rules: Rules, barred: set[str]) -> list[dict[str, Any]]:
    """The rules that nobody can fulfil: [{team, count, eligible: [user names], exists}]."""
    from accounts.models import Team

    rules = list(rules)
    names = [rule["team"] for rule in rules]
    there = set(Team.objects.filter(name__in=names).values_list("name", flat=True))
    judges = judges_of(names)
    people = dict(
        User.objects.filter(pk__in={pk for pks in judges.values() for pk in pks}).values_list("pk", "username")
    )
    wanting = []
    for rule in rules:
        able = sorted(name for pk in judges[rule["team"]] if (name := people[pk]).casefold() not in barred)
        if len(able) < rule["count"]:
            wanting.append({**rule, "eligible": able, "exists": rule["team"] in there})
    return wanting


def who_can(approval: Approval) -> str:
    """Whom to ask, as a sentence part: "platform (ann, bob), security (eve)"."""
    judges = judges_of(rule["team"] for rule in approval.rules)
    barred = barred_from(approval.release)
    names = dict(
        User.objects.filter(pk__in={pk for pks in judges.values() for pk in pks}).values_list("pk", "username")
    )
    parts = []
    for rule in approval.rules:
        able = sorted(name for pk in judges[rule["team"]] if (name := names[pk]).casefold() not in barred)
        parts.append(f"{rule['team']} ({', '.join(able) or _('nobody')})")
    return ", ".join(parts)
