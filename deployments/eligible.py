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


@dataclass(frozen=True)
class Voters:
    """Who may judge, {user id: user name} by team name, and whose voices never count (folded), by release."""

    people: dict[str, dict[UUID, str]]
    barred: dict[UUID, set[str]]

    def is_barred(self, person: User, approval: Approval) -> bool:
        return person.username.casefold() in self.barred[approval.release_id]

    def counts(self, person: User, team: str) -> bool:
        """Whether the person's voice counts for the rules of that team."""
        return person.is_admin or person.pk in self.people.get(team, {})


def voters_of(approvals: Iterable[Approval]) -> Voters:
    """For all of them at once, with the roles of this moment. Two queries."""
    approvals = list(approvals)
    barred: dict[UUID, set[str]] = {one.release_id: _askers(one.release) for one in approvals}
    edits = ReleaseEvent.objects.filter(release_id__in=barred, kind="release.edit")
    for release_id, actor in edits.order_by().values_list("release_id", "actor"):
        barred[release_id].add(actor.casefold())
    return Voters(judges_of(rule["team"] for one in approvals for rule in one.rules), barred)


def _askers(release: Release) -> set[str]:
    """Whoever asked for the change judges nothing, nor who asked for the one that it tries again."""
    return {one.created_by.username.casefold() for one in (release, release.retry_of) if one and one.created_by}


def judges_of(teams: Iterable[str]) -> dict[str, dict[UUID, str]]:
    """The active people who may judge, {user id: user name}, by the names of these teams. One query."""
    found: dict[str, dict[UUID, str]] = {team: {} for team in teams}
    rows = Membership.objects.filter(team__name__in=found, role__in=JUDGES, user__is_active=True)
    for team, user, name in rows.order_by().values_list("team__name", "user_id", "user__username"):
        found[team][user] = name
    return found


def standing_of(approval: Approval, voters: Voters) -> list[Standing]:
    """Each rule with the approving voices that count for it now."""
    voices = [
        voice
        for voice in approval.voices.all()
        if voice.verdict == Voice.Verdict.APPROVE
        and voice.person.is_active
        and not voters.is_barred(voice.person, approval)
    ]
    return [
        Standing(
            rule["team"],
            rule["count"],
            tuple(one.person.username for one in voices if voters.counts(one.person, rule["team"])),
        )
        for rule in approval.rules
    ]


def is_asked(person: User, approval: Approval, voters: Voters) -> bool:
    """Whether a voice of this person would count for some rule of the approval."""
    if voters.is_barred(person, approval):
        return False
    return any(voters.counts(person, rule["team"]) for rule in approval.rules)


def too_few(rules: Rules, barred: set[str]) -> list[dict[str, Any]]:
    """The rules that nobody can fulfil: [{team, count, eligible: [user names], exists}]."""
    from accounts.models import Team

    rules = list(rules)
    names = [rule["team"] for rule in rules]
    there = set(Team.objects.filter(name__in=names).values_list("name", flat=True))
    judges = judges_of(names)
    wanting = []
    for rule in rules:
        able = sorted(name for name in judges[rule["team"]].values() if name.casefold() not in barred)
        if len(able) < rule["count"]:
            wanting.append({**rule, "eligible": able, "exists": rule["team"] in there})
    return wanting


def who_can(approval: Approval, voters: Voters) -> str:
    """Whom to ask, as a sentence part: "platform (ann, bob), security (eve)"."""
    barred = voters.barred[approval.release_id]
    parts = []
    for rule in approval.rules:
        able = sorted(name for name in voters.people[rule["team"]].values() if name.casefold() not in barred)
        parts.append(f"{rule['team']} ({', '.join(able) or _('nobody')})")
    return ", ".join(parts)
