"""Approve a release that waits for voices."""

from __future__ import annotations

from accounts.models import User
from deployments.models import Release, Voice
from deployments.voicing import give_voice


def approve_release(
    release: Release, *, by: User, step: int | None = None, comment: str = "", subject: str = ""
) -> Release:
    """Say yes. The release goes on when every rule has its voices. Idempotent for one person.

    Raises NotPermitted (also for whoever asked for the release), WrongPhase, ApprovalStale.
    """
    give_voice(release.pk, Voice.Verdict.APPROVE, by=by, step=step, comment=comment, subject=subject)
    return Release.objects.with_names().get(pk=release.pk)
