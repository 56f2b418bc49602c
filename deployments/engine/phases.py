"""What the phases of every strategy share: whose the Deployment is, entering a phase, stopping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from deployments.engine.answers import end, give_back, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.reasons import Failure
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import claim_of, same_template, template_of

Phase = Callable[[ReleaseSpec, State, Seen, datetime], Decision]
# A part of a phase; None where it has nothing to do.
Stage = Callable[[ReleaseSpec, State, Seen, datetime], Decision | None]


def deployment_of(seen: Seen) -> Json:
    """The Deployment, which every phase behind Queued has. Raises ValueError where it was not seen."""
    if seen.deployment is None:
        raise ValueError("a phase behind Queued is only entered with a Deployment")
    return seen.deployment


def is_ours(release: ReleaseSpec, obj: Json) -> bool:
    """Whether this very release claims the object."""
    claim = claim_of(obj)
    return (claim.portal, claim.release) == (release.portal, release.id)


def runs_new(release: ReleaseSpec, deployment: Json) -> bool:
    """Whether the new template is written, whoever wrote it."""
    return same_template(template_of(deployment), release.template_to)


def is_as_planned(release: ReleaseSpec, deployment: Json) -> bool:
    """The template is the one that the plan saw, or one that the superseded release may have left."""
    known = (release.template_from, release.template_to, *release.also_from)
    return any(same_template(template_of(deployment), one) for one in known)


def is_observed(deployment: Json) -> bool:
    """Whether the Deployment controller has seen the newest spec."""
    observed = (deployment.get("status") or {}).get("observedGeneration") or 0
    return bool(observed >= (deployment["metadata"].get("generation") or 0))


def enter(state: State, phase: str, now: datetime, **changes: object) -> State:
    """Another phase; what the cluster refused in the one before counts no more."""
    return state.but(phase=phase, refused=None, tries=0, **changes)


def left_to_person(state: State, now: datetime, reason: str, sentence: Sentence, **told: object) -> Decision:
    """Paused until a person decides; the timeline says why, with `told` beside the reason."""
    held = enter(state, "Paused", now, reason=reason, message=sentence, held=None)
    return look_again(held, now, Said("release.pause", sentence, {**told, "reason": reason}))


def foreign_claim(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision | None:
    """The end of a release whose Deployment another portal or release has claimed; None where nobody else has."""
    claim = claim_of(deployment)
    if not claim.portal or is_ours(release, deployment):
        return None
    return end(state, now, "Failed", "Conflict", "foreign_claim", portal=claim.portal, **release.names)


# What a gate says ends a release as aborted; what the system finds wrong, as failed (delivery.md, Phases).
GATES = ("AnalysisFailed", "ApprovalExpired", "ApprovalRejected")


def stop(
    release: ReleaseSpec,
    state: State,
    now: datetime,
    reason: str,
    sentence: Sentence,
    proof: Failure | None = None,
    *,
    on_failure: str = "",
) -> Decision:
    """Something is wrong: go back or wait for a person, as `on_failure` says (the strategy's where it is empty)."""
    state = state.but(evidence=proof.to_json() if proof else None)
    if (on_failure or release.strategy.on_failure) == "pause":
        return left_to_person(state, now, reason, sentence, step=state.step, evidence=state.evidence)
    outcome = "Aborted" if reason in GATES else "Failed"
    return give_back(state, now, outcome, reason, sentence, evidence=state.evidence)
