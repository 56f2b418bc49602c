"""What other hands do to a release in place: undone, but never fought over (delivery.md, Objects and Writing).

After two undone writes of the same manager within five minutes a person decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.engine import in_place_patches as patches
from deployments.engine.answers import act, give_back, look_again
from deployments.engine.decision import Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.patches import stamp
from deployments.engine.phases import deployment_of, enter, foreign_claim, is_ours, left_to_person, runs_new
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import same_template, template_of

UNDO_WINDOW = timedelta(minutes=5)
MOST_UNDONE = 2
OURS = "slipway"
CONTROLLER = "kube-controller-manager"


def undone(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is still held in place, with our template: asked first in every phase between begin and end."""
    deployment = deployment_of(seen)
    if ended := foreign_claim(release, state, deployment, now):
        return ended
    if not is_ours(release, deployment):
        if patches.is_in_place(deployment) and runs_new(release, deployment):
            return act(state, stamp(release, deployment), release, now)
        return _ended_by_hand(release, state, deployment, now)
    if patches.is_in_place(deployment) and runs_new(release, deployment):
        return None
    write = patches.undo(release, deployment)
    if state.refused:
        return act(state, write, release, now)
    manager = last_writer(deployment)
    if fought := _fought(release, state, manager, now):
        return fought
    said = Said("conflict.undone", Sentence("hold_undone", {"manager": manager, **release.names}), {"manager": manager})
    return act(note_undone(state, manager, now).but(ready_rose_at=now), write, release, now, said)


def _ended_by_hand(release: ReleaseSpec, state: State, deployment: Json, now: datetime) -> Decision:
    """Somebody has given the Deployment back without us, as with the two lines that the page shows."""
    if runs_new(release, deployment):
        sentence = Sentence("promoted_by_hand", {"manager": last_writer(deployment), **release.names})
        finishing = enter(state.but(held=None, reason="", message=sentence), "Finishing", now)
        return look_again(finishing, now, Said("release.promote", sentence))
    back = (release.template_back, release.template_from)
    if any(same_template(template_of(deployment), one) for one in back):
        sentence = Sentence("aborted_by_hand", {"manager": last_writer(deployment), **release.names})
        reason, outcome = "AbortedByUser", "Aborted"
    else:
        sentence = Sentence("taken_by_hand", {"manager": last_writer(deployment), **release.names})
        reason, outcome = "Conflict", "Failed"
    return give_back(state, now, outcome, reason, sentence)


def size_changed(release: ReleaseSpec, state: State, replica_set: Json, now: datetime) -> Decision | None:
    """Another hand keeps scaling a ReplicaSet of this release. None: nobody did, or it may be undone once more."""
    if not _is_foreign_size(state, replica_set) or state.refused:
        return None
    return _fought(release, state, last_writer(replica_set), now)


def note_size(state: State, replica_set: Json, now: datetime) -> State:
    """Remember that a foreign size is undone now."""
    if not _is_foreign_size(state, replica_set) or state.refused:
        return state
    return note_undone(state, last_writer(replica_set), now)


def _is_foreign_size(state: State, replica_set: Json) -> bool:
    known = (state.place.get("sizes") or {}).get(replica_set["metadata"]["name"])
    return known is not None and patches.size_of(replica_set) not in known


def _fought(release: ReleaseSpec, state: State, manager: str, now: datetime) -> Decision | None:
    # The controller does what the Deployment told it: whoever wrote that is counted there.
    if manager == CONTROLLER or not is_fight(state, manager, now):
        return None
    return left_to_person(state, now, "Conflict", Sentence("conflict", {"manager": manager, **release.names}))


def is_fight(state: State, manager: str, now: datetime) -> bool:
    """Whether writes of this manager were undone so often, of late, that a person has to decide."""
    return [one["manager"] for one in _recent(state, now)].count(manager) >= MOST_UNDONE


def note_undone(state: State, manager: str, now: datetime) -> State:
    """Remember that a write of this manager is undone now."""
    return state.but(undone=(*_recent(state, now), {"at": now.isoformat(), "manager": manager}))


def _recent(state: State, now: datetime) -> list[Json]:
    return [one for one in state.undone if now - datetime.fromisoformat(one["at"]) < UNDO_WINDOW]


def last_writer(obj: Json) -> str:
    """The field manager that wrote the spec last and is not Slipway; empty when not known."""
    writers = [
        (entry.get("time") or "", entry.get("manager") or "")
        for entry in (obj["metadata"].get("managedFields") or [])
        if entry.get("manager") != OURS and "f:spec" in (entry.get("fieldsV1") or {})
    ]
    return max(writers)[1] if writers else ""
