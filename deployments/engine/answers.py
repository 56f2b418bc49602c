"""The few shapes that a decision takes, so that a phase reads as a list of verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from deployments.engine.decision import Decision, Said, Sentence, State, Write
from deployments.engine.json import Json
from deployments.engine.patches import fingerprint
from deployments.engine.reasons import reason_of_refusal
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec

LOOK_WHILE_MOVING = timedelta(seconds=10)
LOOK_WHILE_WAITING = timedelta(seconds=60)
LOOK_AFTER_WRITE = timedelta(seconds=1)
# The Deployment controller is at it, which the watcher tells.
LOOK_FOR_CONTROLLER = timedelta(seconds=4)
LOOK_WHILE_BLIND = timedelta(seconds=2)
BLIND_IS_WORTH_A_LINE = timedelta(seconds=5)
MOST_TRIES = 8
# Giving a Deployment back is owed: rights that were taken away by mistake have five minutes to return.
GIVING_BACK = ("Finishing", "Aborting")
MOST_TRIES_GIVING_BACK = 30


def stay(state: State) -> Decision:
    """Nothing: the release has ended."""
    return Decision(state)


def wait(state: State, now: datetime, for_: timedelta = LOOK_WHILE_MOVING) -> Decision:
    """Sleep; a watch event or a person wakes the release earlier."""
    return Decision(state, wake_at=now + for_)


def look_again(state: State, now: datetime, *said: Said, consumed: tuple[str, ...] = ()) -> Decision:
    """The state moved without touching the cluster: decide again at once."""
    return Decision(state, said=said, wake_at=now, again=True, consumed=consumed)


def act(
    state: State, write: Write, release: ReleaseSpec, now: datetime, *said: Said, consumed: tuple[str, ...] = ()
) -> Decision:
    """Do one write. Until it is seen to have landed the release looks at the object live.

    A write that the cluster refused once, and not because something it tests had moved, is refused for good: the
    cluster's words end the release. Only what gives the Deployment back is tried for longer.
    """
    refused = state.refused
    if refused and refused["fingerprint"] == fingerprint(write) and not refused["moved"]:
        if state.phase not in GIVING_BACK or state.tries >= MOST_TRIES_GIVING_BACK:
            return refuse(state, release, now, refused["message"], status=refused["status"])
        again_at = datetime.fromisoformat(refused["at"]) + LOOK_WHILE_MOVING
        if now < again_at:
            return _not_yet_given_back(state, release, refused, again_at)
    elif state.tries >= MOST_TRIES:
        return refuse(state, release, now, (refused or {}).get("message", ""), status=(refused or {}).get("status", 0))
    # A stamp is sent because of an older write, which stays the one to fear until the stamp is seen.
    unconfirmed = state.unconfirmed or {"why": write.why, "epoch": release.epoch, "key": write.key}
    state, unanswered = _tell_unanswered(state, release, now)
    return Decision(
        state.but(unconfirmed=unconfirmed, tries=state.tries + 1 if refused else 0),
        writes=(write,),
        said=(*said, *unanswered),
        wake_at=now + LOOK_AFTER_WRITE,
        consumed=consumed,
    )


def _tell_unanswered(state: State, release: ReleaseSpec, now: datetime) -> tuple[State, tuple[Said, ...]]:
    """That the cluster takes no write is said once it lasts; each write is tried again all the same."""
    unanswered = state.unanswered
    if not unanswered or unanswered.get("told"):
        return state, ()
    if now - datetime.fromisoformat(unanswered["since"]) < BLIND_IS_WORTH_A_LINE:
        return state, ()
    sentence = Sentence("write_unanswered", {**release.names, "words": unanswered["words"]})
    return state.but(unanswered={**unanswered, "told": True}), (Said("write.unanswered", sentence),)


def _not_yet_given_back(state: State, release: ReleaseSpec, refused: Json, again_at: datetime) -> Decision:
    """Wait and write again; the first refusal is told, the others are the same."""
    if state.tries or refused.get("told"):
        return Decision(state, wake_at=again_at)
    sentence = Sentence("write_refused_for_now", {**release.names, "words": refused["message"]})
    said = Said("write.refused", sentence, {"status": refused["status"]})
    return Decision(state.but(refused={**refused, "told": True}), said=(said,), wake_at=again_at)


def refuse(state: State, release: ReleaseSpec, now: datetime, words: str, *, status: int) -> Decision:
    """The cluster does not take the write, so the release ends with the cluster's own words; one that has begun in
    place first gives the Deployment back."""
    reason = reason_of_refusal(words) if status in (400, 401, 403, 422, 500) else "Conflict"
    if state.place.get("begun") and state.phase not in GIVING_BACK:
        return _give_back_first(state, release, now, reason, words)
    return end(
        state.but(unconfirmed=None),
        now,
        "Failed",
        reason,
        "write_refused",
        words=words,
        **release.names,
    )


def _give_back_first(state: State, release: ReleaseSpec, now: datetime, reason: str, words: str) -> Decision:
    sentence = Sentence("write_refused", {"words": words, **release.names})
    return give_back(state.but(unconfirmed=None), now, "Failed", reason, sentence)


def give_back(state: State, now: datetime, outcome: str, reason: str, sentence: Sentence, **told: Any) -> Decision:
    """What was begun has failed and goes back; the timeline says so, with `told` beside step and reason."""
    data = {"step": state.step, "reason": reason, **told}
    return look_again(going_back(state, now, outcome, reason, sentence), now, Said("step.failed", sentence, data))


def going_back(state: State, now: datetime, outcome: str, reason: str, sentence: Sentence) -> State:
    """On the way back to the old version, with clocks of its own. Once that runs, the release ends as `outcome`."""
    return state.but(
        phase="Aborting",
        outcome=outcome,
        reason=reason,
        message=sentence,
        held=None,
        refused=None,
        tries=0,
        step_started_at=now,
        ready_high=-1,
        ready_rose_at=now,
    )


def end(state: State, now: datetime, phase: str, reason: str = "", code: str = "", **params: Any) -> Decision:
    """The release has ended; terminal phases never change."""
    sentence = Sentence(code or f"ended_{phase.lower()}", params)
    verb = {"Succeeded": "succeed", "Failed": "fail", "Aborted": "abort", "Superseded": "supersede"}[phase]
    ended = state.but(
        phase=phase,
        reason=reason or state.reason,
        message=sentence,
        finished_at=now,
        holding=False,
        unconfirmed=None,
        refused=None,
        blind_since=None,
    )
    return Decision(ended, said=(Said(f"release.{verb}", sentence, {"reason": ended.reason}),))


def blind(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The cluster does not answer. Nothing is concluded from that; it is said once it lasts."""
    params = {"cluster": release.cluster, "words": seen.unreachable}
    if state.blind_since is None:
        return wait(state.but(blind_since=now), now, LOOK_WHILE_BLIND)
    if now - state.blind_since >= BLIND_IS_WORTH_A_LINE and state.reason != "ClusterUnreachable":
        sentence = Sentence("cluster_unreachable", params)
        said = Said("cluster.unreachable", sentence, {"cluster": release.cluster})
        return Decision(
            state.but(reason="ClusterUnreachable", message=sentence), said=(said,), wake_at=now + LOOK_WHILE_BLIND
        )
    return wait(state, now, LOOK_WHILE_BLIND)


def seeing_again(state: State, now: datetime) -> State:
    """Take the blind time off every clock: what could not be seen is not held against the new pods."""
    if state.blind_since is None:
        return state
    blind_for = now - state.blind_since
    rose = state.ready_rose_at + blind_for if state.ready_rose_at else None
    bad_since = {why: (datetime.fromisoformat(at) + blind_for).isoformat() for why, at in state.bad_since.items()}
    was_said = state.reason == "ClusterUnreachable"
    return state.but(
        blind_since=None,
        ready_rose_at=rose,
        bad_since=bad_since,
        reason="" if was_said else state.reason,
        message=None if was_said else state.message,
    )
