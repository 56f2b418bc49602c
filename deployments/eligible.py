"""Whose voice counts: for a rule, who may approve in its team and the release's environment when it is decided.

Who asked for the release, who edited it, and who asked for the one that it tries again never count, whatever their
roles. An admin's voice counts for every team's rule, as an admin holds every right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import people_with
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
    """Who may judge, {user id: user name} by names of team and environment, and whose voices never count (folded), by
    release."""

    people: dict[tuple[str, str], dict[UUID, str]]
    barred: dict[UUID, set[str]]

    def is_barred(self, person: User, approval: Approval) -> bool:
        return person.username.casefold() in self.barred[approval.release_id]

    def counts(self, person: User, team: str, approval: Approval) -> bool:
        """Whether the person's voice counts for the approval's rules of that team."""
        return person.is_admin or person.pk in self.able(team, approval)

    def able(self, team: str, approval: Approval) -> dict[UUID, str]:
        """Who may judge for that team where the release goes to, barred or not: {user id: user name}."""
        return self.people.get((team, _environment_of(approval)), {})


def voters_of(approvals: Iterable[Approval]) -> Voters:
    """For all of them at once, with the roles of this moment. Two queries."""
    approvals = list(approvals)
    barred: dict[UUID, set[str]] = {one.release_id: _askers(one.release) for one in approvals}
    edits = ReleaseEvent.objects.filter(release_id__in=barred, kind="release.edit")
    for release_id, actor in edits.order_by().values_list("release_id", "actor"):
        barred[release_id].add(actor.casefold())
    places = {(rule["team"], _environment_of(one)) for one in approvals for rule in one.rules}
    return Voters(judges_of(places), barred)


def _environment_of(approval: Approval) -> str:
    return approval.release.target.environment.name


def _askers(release: Release) -> set[str]:
    """Whoever asked for the change judges nothing, nor who asked for the one that it tries again."""
    return {one.created_by.username.casefold() for one in (release, release.retry_of) if one and one.created_by}


def judges_of(places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[UUID, str]]:
    """The active people who may judge, {user id: user name}, by team and environment. One or two queries for all."""
    places = set(places)
    holders = people_with("release.approve", {team for team, _environment in places})
    return {
        (team, environment): {user: name for where, user, name in holders[team] if where in {"", environment}}
        for team, environment in places
    }


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
            tuple(one.person.username for one in voices if voters.counts(one.person, rule["team"], approval)),
        )
        for rule in approval.rules
    ]


def is_asked(person: User, approval: Approval, voters: Voters) -> bool:
    """Whether a voice of this person would count for some rule of the approval."""
    if voters.is_barred(person, approval):
        return False
    return any(voters.counts(person, rule["team"], approval) for rule in approval.rules)


def too_few(rules: Rules, barred: set[str], environment: str) -> list[dict[str, Any]]:
    """The rules that nobody can fulfil there: [{team, count, eligible: [user names], exists}]."""
    from accounts.models import Team

    rules = list(rules)
    names = [rule["team"] for rule in rules]
    there = set(Team.objects.filter(name__in=names).values_list("name", flat=True))
    judges = judges_of((name, environment) for name in names)
    wanting = []
    for rule in rules:
        able = sorted(name for name in judges[rule["team"], environment].values() if name.casefold() not in barred)
        if len(able) < rule["count"]:
            wanting.append({**rule, "eligible": able, "exists": rule["team"] in there})
    return wanting


def who_can(approval: Approval, voters: Voters) -> str:
    """Whom to ask, as a sentence part: "platform (ann, bob), security (eve)"."""
    barred = voters.barred[approval.release_id]
    parts = []
    for rule in approval.rules:
        able = sorted(name for name in voters.able(rule["team"], approval).values() if name.casefold() not in barred)
        parts.append(f"{rule['team']} ({', '.join(able) or _('nobody')})")
    return ", ".join(parts)
