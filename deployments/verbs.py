"""Which verbs a release can take in the state it is in."""

from __future__ import annotations

from deployments.models import Phase, Release, Status


def allowed_verbs(release: Release) -> list[str]:
    """Names of commands that would not raise WrongPhase now."""
    if release.status == Status.SUCCEEDED:
        return ["rollback"]
    if release.ended:
        return ["retry", "rollback"]
    if release.phase in (Phase.FINISHING, Phase.ABORTING):
        return []
    if release.phase == Phase.AWAITING_APPROVAL:
        return ["approve", "reject", "abort"]
    return ["abort", "retry"] if release.phase == Phase.PAUSED else ["abort"]
