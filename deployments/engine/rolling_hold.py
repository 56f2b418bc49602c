"""A person's pause of a rolling release: `spec.paused`, and a label that says that it is ours (delivery.md, Rolling).

The label is what a later look, a crash or a restored row knows the pause by; a pause that another hand has set carries
none and is never taken away. Each ensure answers None when what it ensures is already so.
"""

from __future__ import annotations

from datetime import datetime

from deployments.engine.answers import LOOK_WHILE_WAITING, act, look_again, wait
from deployments.engine.bounds import surge_of
from deployments.engine.decision import Decision, Said, Sentence, State, Write
from deployments.engine.foreign_hands import is_fight, last_writer, note_undone
from deployments.engine.json import Json
from deployments.engine.keeping import resumed
from deployments.engine.patches import label_path, put, test_of, tests_of_claim, without_hold
from deployments.engine.phases import deployment_of, enter, left_to_person
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import HELD, desired_of, labels_of


def is_marked(deployment: Json) -> bool:
    """Whether a pause of ours is on the Deployment, or was until another hand resumed it."""
    return HELD in labels_of(deployment)


def asked_to_hold(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """A person's pause, from Progressing. None where nobody asks."""
    ask = state.asks.get("pause")
    if not ask:
        return None
    deployment = deployment_of(seen)
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        # The old pods may be gone already and the new ones not there yet.
        said = Said("release.pause", Sentence("not_paused_recreate", release.names))
        return look_again(state, now, said, consumed=("pause",))
    return look_again(held_by(state, deployment, ask.get("by", ""), now), now, consumed=("pause",))


def held_by(state: State, deployment: Json, by: str, now: datetime) -> State:
    """The state of a release that a person holds; `by` empty where only the Deployment still knows of it."""
    wanted = desired_of(deployment)
    params = {"by": by, "most": wanted + surge_of(deployment, wanted)}
    message = Sentence("paused_rolling" if by else "paused_rolling_again", params)
    held = {"by": by, "phase": "Progressing"}
    return enter(state, "Paused", now, held=held, reason="", evidence=None, message=message)


def held(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The Deployment stays paused until somebody resumes; no clock runs meanwhile."""
    if on := resumed(state, now):
        return on
    if "pause" in state.asks:
        return look_again(state, now, consumed=("pause",))
    deployment = deployment_of(seen)
    if deployment["spec"].get("paused"):
        return wait(held_by(state, deployment, (state.held or {}).get("by", ""), now), now, LOOK_WHILE_WAITING)
    if is_marked(deployment) and not state.refused:
        return _resumed_by_other(release, state, deployment, now)
    return act(state, hold(deployment), release, now)


def released(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Nothing of a pause of ours is left on the Deployment of a release that nobody holds."""
    deployment = deployment_of(seen)
    return act(state, let_on(deployment), release, now) if is_marked(deployment) else None


def hold(deployment: Json) -> Write:
    """Pause the Deployment, as `kubectl rollout pause` does, and mark the pause as ours."""
    spec = deployment["spec"]
    before = [test_of("/spec/paused", spec["paused"])] if "paused" in spec else []
    ops = (*tests_of_claim(deployment), *before, put("/spec/paused", True), put(label_path(HELD), "true"))
    return Write("hold", ops)


def let_on(deployment: Json) -> Write:
    """Take a pause of ours away."""
    return Write("resume", (*tests_of_claim(deployment), *without_hold(deployment)))


def _resumed_by_other(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision:
    """Another hand let the rollout go on: it is held again, but never fought over."""
    manager = last_writer(deployment)
    params = {"manager": manager, **release.names}
    if is_fight(state, manager, now):
        return left_to_person(state, now, "Conflict", Sentence("conflict_hold", params))
    said = Said("conflict.undone", Sentence("hold_undone", params), {"manager": manager})
    return act(note_undone(state, manager, now), hold(deployment), release, now, said)
