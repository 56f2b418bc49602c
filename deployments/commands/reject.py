"""Reject a release that waits for voices."""

from __future__ import annotations

from accounts.models import User
from deployments.models import Release, Voice
from deployments.voicing import give_voice


def reject_release(
    release: Release, *, by: User, step: int | None = None, comment: str = "", subject: str = ""
) -> Release:
    """Say no: the release is aborted. One voice is enough, whatever the others said.

    Raises NotPermitted (also for whoever asked for the release), WrongPhase, ApprovalStale.
    """
    give_voice(release.pk, Voice.Verdict.REJECT, by=by, step=step, comment=comment, subject=subject)
    return Release.objects.with_names().get(pk=release.pk)
