"""The phases of a rolling release (delivery.md, Phases and Rolling)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.engine import gates, patches, rolling_hold
from deployments.engine.answers import LOOK_WHILE_MOVING, LOOK_WHILE_WAITING, act, end, going_back, look_again, wait
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.foreign_hands import is_fight, note_undone
from deployments.engine.json import Json
from deployments.engine.phases import (
    Phase,
    deployment_of,
    enter,
    foreign_claim,
    is_as_planned,
    is_ours,
    left_to_person,
    runs_new,
    stop,
)
from deployments.engine.progress import deadline_of, failed, next_look, note_failures, note_progress, overdue, proof_of
from deployments.engine.reasons import Failure
from deployments.engine.seen import Check, Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import (
    claim_of,
    desired_of,
    is_complete,
    last_writer_of_template,
    new_replica_sets,
    same_template,
    template_of,
)


def ends_before_it_began(state: State, now: datetime) -> Decision | None:
    """A queued release has touched nothing, so it ends without asking the cluster."""
    if "abort" in state.asks:
        return end(state, now, "Aborted", "AbortedByUser", "aborted_before_start", by=state.asks["abort"].get("by", ""))
    if "supersede" in state.asks:
        return end(state, now, "Superseded", "Superseded", "superseded", by=state.asks["supersede"].get("by", ""))
    return None


def asked_to_stop(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """A person's abort, or a newer release that takes over. Once Finishing the new version has won: neither applies."""
    if state.phase in ("Queued", "Finishing", "Aborting"):
        return None
    if ask := state.asks.get("abort"):
        sentence = Sentence("aborting_by_user", {"by": ask.get("by", ""), "why": ask.get("reason", "")})
        return look_again(going_back(state, now, "Aborted", "AbortedByUser", sentence), now)
    if ask := state.asks.get("supersede"):
        sentence = Sentence("superseded", {"by": ask.get("by", "")})
        return look_again(going_back(state, now, "Superseded", "Superseded", sentence), now)
    return None


def queued(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Wait until the older release of this target has let it go."""
    if not seen.predecessor_ended:
        return wait(state.but(holding=False, message=Sentence("waits_for_older")), now, LOOK_WHILE_MOVING)
    return look_again(enter(state, "Gated", now, holding=True, started_at=now, message=None), now)


def gated(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Nothing has been written yet: here every refusal is free."""
    deployment = deployment_of(seen)
    claim = claim_of(deployment)
    if claim.portal and claim.portal != release.portal:
        return end(state, now, "Failed", "Conflict", "foreign_claim", portal=claim.portal, **release.names)
    if deployment["metadata"].get("deletionTimestamp"):
        return end(state, now, "Failed", "Conflict", "deployment_gone", **release.names)
    if runs_new(release, deployment) and is_complete(deployment):
        return end(state, now, "Succeeded", "", "already_runs", **release.names)
    if deployment["spec"].get("paused"):
        return end(state, now, "Failed", "Conflict", "deployment_paused", **release.names)
    if not is_as_planned(release, deployment):
        manager = last_writer_of_template(deployment)
        return end(state, now, "Failed", "DriftDetected", "changed_since_plan", manager=manager, **release.names)
    if closed := gates.begun(release, state, seen, now):
        return closed
    if seen.checks is None:
        return wait(state, now, timedelta(0))
    if refused := next((check for check in seen.checks if check.status == "refused"), None):
        return end(
            state,
            now,
            "Failed",
            refused.reason,
            "check_refused",
            check=refused.name,
            words=refused.detail,
            **release.names,
        )
    said = [
        Said("checks.pass", Sentence("checks_passed", {"count": len(seen.checks)}), {"checks": _checks(seen.checks)})
    ]
    said += [
        Said("checks.unknown", Sentence("check_unknown", {"check": check.name, "words": check.detail}))
        for check in seen.checks
        if check.status == "unknown"
    ]
    return look_again(enter(state, "Preparing", now), now, *said)


def _checks(checks: tuple[Check, ...]) -> list[Json]:
    return [{"name": check.name, "status": check.status} for check in checks]


def preparing(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Claim the Deployment and write the template, in one patch."""
    deployment = deployment_of(seen)
    claim = claim_of(deployment)
    if claim.portal and claim.portal != release.portal:
        return end(state, now, "Failed", "Conflict", "foreign_claim", portal=claim.portal, **release.names)
    if is_ours(release, deployment) and runs_new(release, deployment):
        started = enter(state, "Progressing", now, step_started_at=now, ready_high=-1, ready_rose_at=now, bad_since={})
        wanted = desired_of(deployment)
        sentence = Sentence("rolling_started", {"wanted": wanted, **release.names})
        said = Said("step.started", sentence, {"step": 0, "generation": deployment["metadata"].get("generation")})
        return look_again(started.but(message=sentence), now, said)
    if not (state.takes_any_template or is_as_planned(release, deployment)):
        manager = last_writer_of_template(deployment)
        return stop(
            release,
            state,
            now,
            "DriftDetected",
            Sentence("changed_since_plan", {"manager": manager, **release.names}),
        )
    if state.originals is None:
        state = state.but(originals=patches.originals_of(release, deployment))
    return act(state, patches.write_template(release, state, deployment), release, now)


def progressing(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The Deployment controller replaces pods; watch that it gets on, and say what it waits for."""
    if answer := _ours(release, state, seen, now) or rolling_hold.released(release, state, seen, now):
        return answer
    deployment = deployment_of(seen)
    if is_complete(deployment):
        return _rolled_out(release, state, deployment, now)
    if holding := rolling_hold.asked_to_hold(release, state, seen, now):
        return holding
    state = note_progress(state, state.counts.new_ready, now)
    state, found = note_failures(state, seen, new_replica_sets(seen, release.template_to), now)
    if stopped := failed(release, state, found, now) or overdue(release, state, seen, now):
        return stopped
    deadline = deadline_of(release, state, now)
    return Decision(_describe(state, deployment, found, release), wake_at=next_look(state, found, deadline, now))


def _ours(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment carries our claim and our template."""
    deployment = deployment_of(seen)
    if ended := foreign_claim(release, state, deployment, now):
        return ended
    if not runs_new(release, deployment):
        return _foreign_template(release, state, deployment, now)
    return None if is_ours(release, deployment) else act(state, patches.stamp(release, deployment), release, now)


def _rolled_out(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision:
    wanted = desired_of(deployment)
    seconds = round((now - (state.step_started_at or now)).total_seconds(), 1)
    code = "rolled_out" if wanted else "scaled_to_zero"
    sentence = Sentence(code, {"wanted": wanted, "seconds": seconds, **release.names})
    said = Said("step.finished", sentence, {"step": 0, "seconds": seconds})
    reason = "" if wanted else "ScaledToZero"
    return look_again(enter(state, "Finishing", now, message=sentence, reason=reason, evidence=None), now, said)


def _describe(state: State, deployment: Json, found: list[Failure], release: ReleaseSpec) -> State:
    counts = state.counts
    if found:
        sentence = Sentence(f"pods_{found[0].reason}", proof_of(found[0], release))
        return state.but(message=sentence, reason=found[0].reason, evidence=found[0].to_json())
    if deployment["spec"].get("paused"):
        return state.but(message=Sentence("paused_by_other", release.names), reason="", evidence=None)
    return state.but(message=Sentence("rolling", vars(counts)), reason="", evidence=None)


def _foreign_template(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision:
    """Another hand changed the template. It is written again, but never fought over: after two undone writes of the
    same manager within five minutes a person decides."""
    manager = last_writer_of_template(deployment)
    params = {"manager": manager, **release.names}
    if state.refused:
        return act(state, patches.write_template(release, state, deployment), release, now)
    if is_fight(state, manager, now):
        return left_to_person(state, now, "Conflict", Sentence("conflict", params))
    said = Said("conflict.undone", Sentence("written_again", params), {"manager": manager})
    state = note_undone(state, manager, now).but(ready_rose_at=now)
    return act(state, patches.write_template(release, state, deployment), release, now, said)


def paused(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """A person holds it, or decides what is wrong: retry goes on from here with fresh clocks, whatever template is
    found; abort goes back."""
    if state.held:
        return _ours(release, state, seen, now) or rolling_hold.held(release, state, seen, now)
    ask = state.asks.get("retry")
    if not ask:
        return wait(state, now, LOOK_WHILE_WAITING)
    message = Sentence("retried", {"by": ask.get("by", "")})
    fresh = state.but(reason="", evidence=None, undone=(), bad_since={}, message=message, takes_any_template=True)
    return look_again(enter(fresh, "Preparing", now), now, consumed=("retry",))


def finishing(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Leave the Deployment as it was found, with the new template."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        return act(state, patches.let_go(release, state, deployment, why="finish"), release, now)
    if cleaning := _clean_next(release, state, seen, now):
        return cleaning
    seconds = round((now - (state.started_at or now)).total_seconds(), 1)
    code = "succeeded" if state.counts.desired else "succeeded_at_zero"
    return end(state, now, "Succeeded", state.reason, code, seconds=seconds, **release.names)


def _clean_next(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """ReplicaSets keep the copy of our annotation that the controller made: one write each, where there is one."""
    if not state.originals:
        return None
    for one in seen.replica_sets:
        if patch := patches.clean_replica_set(one):
            return act(state, patch, release, now)
    return None


def aborting(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """Give the Deployment back: with the old template for an abort or a failure, as it is for a newer release.

    One write does it; from there the controller brings the old pods back without us.
    """
    deployment = deployment_of(seen)
    goes_back = state.outcome != "Superseded"
    if is_ours(release, deployment):
        back = release.template_back if goes_back and runs_new(release, deployment) else None
        return act(state, patches.let_go(release, state, deployment, why="abort", template=back), release, now)
    if cleaning := _clean_next(release, state, seen, now):
        return cleaning
    if not goes_back or not same_template(template_of(deployment), release.template_back) or not state.written:
        return _gave_back(release, state, now, "")
    if is_complete(deployment):
        return _gave_back(release, state, now, "restored")
    state = note_progress(state, state.counts.old_ready, now)
    deadline = (state.ready_rose_at or now) + timedelta(seconds=release.strategy.progress_deadline_seconds)
    if now >= deadline:
        return _gave_back(release, state, now, "restored_not_ready")
    return Decision(state, wake_at=min(now + LOOK_WHILE_MOVING, deadline))


def _gave_back(release: ReleaseSpec, state: State, now: datetime, how: str) -> Decision:
    """End with the sentence that says why; what became of the old version is a line of its own."""
    sentence = state.message or Sentence("ended")
    said = [Said("restore", Sentence(how, release.names))] if how else []
    ended = end(state, now, state.outcome, state.reason, sentence.code, **sentence.params)
    return Decision(ended.state, said=(*said, *ended.said))


PHASES: dict[str, Phase] = {
    "Queued": queued,
    "Gated": gated,
    "Preparing": preparing,
    "Progressing": progressing,
    "Paused": paused,
    "Finishing": finishing,
    "Aborting": aborting,
}
