"""Finding a release's place again after its row came back from a backup, by the claim on its Deployment."""

from __future__ import annotations

from datetime import datetime

from deployments.engine import patches
from deployments.engine.answers import GIVING_BACK, act, end, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import Claim, claim_of, is_complete, same_template, template_of


def claimed_epoch(release: ReleaseSpec, deployment: Json) -> int | None:
    """The epoch under which this release last wrote to the Deployment, None where it claims nothing."""
    claim = claim_of(deployment)
    if not _is_ours(release, claim):
        return None
    return int(claim.epoch) if claim.epoch.isdigit() else 0


def find_again(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision:
    """Go on where the Deployment is still claimed by this release; else it ended, or another came after it, in the
    time that the backup does not know, and writing yesterday's template would undo that.

    The release's epoch is above the claimed one by now; it is stamped before anything else is believed.
    """
    claim = claim_of(deployment)
    found = state.but(restored="", refused=None, tries=0, written={})
    if _is_ours(release, claim):
        if claim.epoch != str(release.epoch):
            return act(state, patches.stamp(release, deployment), release, now)
        fresh = found.but(ready_high=-1, ready_rose_at=now, bad_since={}, undone=())
        return look_again(fresh, now, Said("restore.find", Sentence("found_again", release.names)))
    if state.phase in GIVING_BACK:
        return look_again(found, now)
    if same_template(template_of(deployment), release.template_to) and is_complete(deployment):
        return end(found, now, "Succeeded", "", "found_done", **release.names)
    return end(found, now, "Failed", "Conflict", "not_found_again", **release.names)


def _is_ours(release: ReleaseSpec, claim: Claim) -> bool:
    return (claim.portal, claim.release) == (release.portal, release.id)
