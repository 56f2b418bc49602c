"""Fills a database further with what people decide about: releases that wait for a voice, channels, templates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Team
    from deployments.models import Revision


def fill_gates(revisions: Sequence[Revision], many: int) -> None:
    """A release that waits to begin after each of the revisions; `many` channels and templates."""
    from accounts.models import Team

    teams = list(Team.objects.order_by("name"))
    _waiting(revisions)
    _channels(teams, many)
    _templates(teams, many)


def _waiting(revisions: Sequence[Revision]) -> None:
    from accounts.models import User
    from benchmarks.seed import template_of
    from deployments.approvals import subject_of
    from deployments.engine.decision import Sentence, State
    from deployments.engine.strategies import RollingUpdate
    from deployments.models import Approval, Release, Status

    now = datetime.now().astimezone()
    asks = User.objects.create(username="bench-asks")
    releases, approvals = [], []
    for index, revision in enumerate(revisions):
        target = revision.target
        since = now - timedelta(minutes=index)
        rules = [{"team": target.service.team.name, "count": 1}]
        state = State(
            phase="AwaitingApproval",
            reason="ApprovalRequired",
            message=Sentence("waits_for_owners", {"count": 1}),
            gates={"waits": {"gate": "start", "phase": "Gated", "since": since.isoformat()}},
        )
        release = Release(
            target=target,
            number=2,
            from_revision=revision,
            strategy=RollingUpdate().to_json(),
            images={target.container: f"registry.example/bench/{target.workload}:1.6.0"},
            template_from=template_of(target),
            template_to=template_of(target, "1.6.0"),
            status=Status.WAITING,
            phase=state.phase,
            reason=state.reason,
            state=state.to_json(),
            approval_rules=rules,
            created_by=asks,
            started_at=since,
        )
        releases.append(release)
        approvals.append(
            Approval(release=release, gate="start", rules=rules, subject=subject_of(release), asked_at=since)
        )
    Release.objects.bulk_create(releases)
    Approval.objects.bulk_create(approvals)


def _channels(teams: Sequence[Team], many: int) -> None:
    from notifications.models import Channel

    kind, to = Channel.Kind.EMAIL, ["on-call@bench.example"]
    named = zip(range(many), cycle(teams), strict=False)
    Channel.objects.bulk_create(Channel(team=team, name=f"bench {number}", kind=kind, to=to) for number, team in named)


def _templates(teams: Sequence[Team], many: int) -> None:
    from deployments.models import AnalysisTemplate

    asked = {"query": "sum(up)", "success": "result > 0"}
    named = zip(range(many), cycle(teams), strict=False)
    AnalysisTemplate.objects.bulk_create(
        AnalysisTemplate(name=f"bench-{number}", team=team, definition=asked) for number, team in named
    )
