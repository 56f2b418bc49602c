"""Releases that wait for voices, as a tick would have left them."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from deployments.approvals import ask
from deployments.engine.decision import AskApproval, Sentence
from deployments.models import Approval
from durable.clock import database_time
from services.models import Target
from tests.factories.deployments import new_release


def asked_approval(
    target: Target, by: User | None, *rules: tuple[str, int], step: int | None = None, **expiry: Any
) -> Approval:
    """What a new release of `by` waits for: a voice of payments unless `rules` say otherwise, before the start or at
    that step."""
    gate = "start" if step is None else f"step-{step}"
    phase = "Gated" if step is None else "Progressing"
    given = tuple({"team": team, "count": count} for team, count in rules or [("payments", 1)])
    words = ", ".join(f"{rule['count']} × {rule['team']}" for rule in given)
    state = {
        "reason": "ApprovalRequired",
        "message": Sentence("waits_for_approval", {"rules": words}),
        "gates": {"waits": {"gate": gate, "phase": phase, "since": database_time().isoformat()}},
    }
    release = new_release(target, by=by, phase="AwaitingApproval", state=state, note="a fix for the queue")
    release.approval_rules = list(given)
    release.save(update_fields=["approval_rules"])
    ask(release, [AskApproval(gate, given, **expiry)], database_time())
    return release.approvals.get()
