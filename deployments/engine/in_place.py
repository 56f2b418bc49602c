"""Two versions inside one Deployment: begun, made, sized, ended, given back (delivery.md, Objects).

Each ensure answers None when what it ensures is already so, else the Decision that brings it nearer.
`State.place` remembers: begun (the begin patch was seen), unknown_since (the controller has not recognised the new
ReplicaSet yet), sizes {ReplicaSet: [before, asked]}, rolling (never in place: see canary).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from deployments.engine import foreign_hands
from deployments.engine import in_place_patches as patches
from deployments.engine.answers import LOOK_FOR_CONTROLLER, act, end, wait
from deployments.engine.borrowed import ROLE
from deployments.engine.bounds import surge_of, unavailable_of
from deployments.engine.decision import Decision, Sentence, State
from deployments.engine.json import Json
from deployments.engine.phases import deployment_of, foreign_claim, is_as_planned, is_observed, is_ours, runs_new, stop
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.weights import Bounds, Side, Sizes, bounds, next_sizes
from deployments.engine.workload import (
    ORIGINALS,
    desired_of,
    is_complete,
    labels_of,
    last_writer_of_template,
    new_replica_sets,
    same_template,
    template_of,
)

REVISION = "deployment.kubernetes.io/revision"
# A controller manager that dies is followed by another after its lease of 15 s (kube-controller-manager's default).
RECOGNISED_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Sets:
    """The two ReplicaSets of a release in place. `new` None: not made yet; `old` None: gone, as with a history of 0."""

    new: Json | None
    old: Json | None


def sets_of(release: ReleaseSpec, state: State, seen: Seen) -> Sets:
    """Which ReplicaSet runs the new version (the oldest, if several do) and which the old one."""
    new = [one for one in new_replica_sets(seen, release.template_to) if not one["metadata"].get("deletionTimestamp")]
    others = [one for one in seen.replica_sets if not same_template(template_of(one), release.template_to)]
    named = (state.originals or {}).get("old") or patches.read_originals(deployment_of(seen)).get("old")
    old = next((one for one in others if one["metadata"]["name"] == named), None)
    if old is None:
        live = [one for one in others if _most(one) and not one["metadata"].get("deletionTimestamp")]
        old = max(live, key=_most, default=None)
    return Sets(min(new, key=_age, default=None), old)


def _most(replica_set: Json) -> int:
    """How many pods it has or is asked for: those that are on their way out take room, too."""
    return max(patches.size_of(replica_set), int((replica_set.get("status") or {}).get("replicas") or 0))


def _age(replica_set: Json) -> tuple[str, str]:
    metadata = replica_set["metadata"]
    return str(metadata.get("creationTimestamp") or ""), str(metadata["name"])


def side_of(replica_set: Json | None) -> Side:
    """A ReplicaSet in numbers; one that is not there has no pods."""
    if replica_set is None:
        return Side(0, 0, 0, 0)
    status = replica_set.get("status") or {}
    pods, ready, available = (status.get(name) or 0 for name in ("replicas", "readyReplicas", "availableReplicas"))
    return Side(patches.size_of(replica_set), pods, ready, available)


def begun(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is claimed, paused, Recreate, and carries the new template: one JSON patch."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        return None
    if ended := foreign_claim(release, state, deployment, now):
        return ended
    if not (state.takes_any_template or is_as_planned(release, deployment)):
        manager = last_writer_of_template(deployment)
        return end(state, now, "Failed", "DriftDetected", "changed_since_plan", manager=manager, **release.names)
    if deployment["spec"].get("paused"):
        return end(state, now, "Failed", "Conflict", "deployment_paused", **release.names)
    if state.originals is None or not state.place.get("begun"):
        live = [one for one in new_replica_sets(seen, template_of(deployment)) if patches.size_of(one)]
        old = min(live, key=_age, default=None)
        ready = sum((one.get("status") or {}).get("readyReplicas") or 0 for one in seen.replica_sets)
        name = old["metadata"]["name"] if old else ""
        state = state.but(originals=patches.originals_of(deployment, name, ready))
    return act(state, patches.begin(release, state, deployment), release, now)


def made(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The new ReplicaSet exists and the Deployment controller knows it as the new one."""
    if not is_observed(deployment_of(seen)):
        return wait(state, now, LOOK_FOR_CONTROLLER)
    if any(one["metadata"].get("deletionTimestamp") for one in new_replica_sets(seen, release.template_to)):
        return wait(state, now, LOOK_FOR_CONTROLLER)
    new = sets_of(release, state, seen).new
    if new is None:
        return act(state, patches.new_replica_set(release, deployment_of(seen)), release, now)
    if _is_recognised(new, seen):
        return None
    since = state.place.get("unknown_since") or now.isoformat()
    if now - datetime.fromisoformat(since) >= RECOGNISED_WITHIN:
        sentence = Sentence("not_recognised", {"name": new["metadata"]["name"], **release.names})
        return stop(release, state, now, "TemplateMismatch", sentence, on_failure="abort")
    return wait(state.but(place={**state.place, "unknown_since": since}), now, LOOK_FOR_CONTROLLER)


def _is_recognised(new: Json, seen: Seen) -> bool:
    """Whether the controller has given it the newest revision (`deployment/util`, SetNewReplicaSetAnnotations)."""
    return _revision(new) > 0 and _revision(new) == max(_revision(one) for one in seen.replica_sets)


def _revision(replica_set: Json) -> int:
    text = str((replica_set["metadata"].get("annotations") or {}).get(REVISION) or "")
    return int(text) if text.isdigit() else 0


def bounds_of(release: ReleaseSpec, state: State, seen: Seen) -> Bounds:
    """How many pods there may be, and how many must stay ready, at the number of replicas that is wanted now."""
    wanted = desired_of(deployment_of(seen))
    surge, unavailable = leeway_of(release, state, seen)
    ready = (state.originals or {}).get("ready")
    return bounds(wanted, surge, unavailable, wanted if ready is None else int(ready))


def leeway_of(release: ReleaseSpec, state: State, seen: Seen) -> tuple[int, int]:
    """max_surge and max_unavailable in pods: as asked, else as the Deployment said before it was begun in place."""
    deployment, asked = deployment_of(seen), release.strategy
    before: Json = {"spec": {"strategy": patches.kept_strategy(state, deployment)}}
    wanted = desired_of(deployment)
    surge = surge_of(before, wanted, asked.max_surge)
    if asked.max_surge == 0 and asked.max_unavailable == 0:
        return 0, 1
    unavailable = unavailable_of(before, wanted, asked.max_unavailable)
    return surge, unavailable if surge or unavailable else 1


def moved(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, to: Sizes, within: Bounds | None = None
) -> Decision | None:
    """The two versions have these numbers of pods, all of them available; in moves that keep within the bounds.

    A Decision that only waits has no write: what keeps the pods is for the caller to judge.
    """
    sets = sets_of(release, state, seen)
    new, old = side_of(sets.new), side_of(sets.old)
    following = next_sizes(new, old, to, within or bounds_of(release, state, seen))
    wanted = following or Sizes(new.size, old.size)
    if sizing := sized(release, state, seen, now, new=wanted.new, old=wanted.old):
        return sizing
    is_there = (new.size, old.size) == (to.new, to.old) == (new.pods, old.pods) and new.available >= to.new
    return None if is_there else wait(state, now)


def sized(release: ReleaseSpec, state: State, seen: Seen, now: datetime, *, new: int, old: int) -> Decision | None:
    """Both ReplicaSets are asked for these sizes and carry no stamp of the controller's own scaling: one patch each.

    Moves nothing by bounds: the caller says sizes that are within them (see `moved`). The side that grows goes first.
    """
    if not is_observed(deployment_of(seen)):
        return wait(state, now, LOOK_FOR_CONTROLLER)
    sets = sets_of(release, state, seen)
    pairs = [(one, size) for one, size in ((sets.new, new), (sets.old, old)) if one is not None]
    for one, size in sorted(pairs, key=lambda pair: patches.size_of(pair[0]) - pair[1]):
        before = patches.size_of(one)
        # A ReplicaSet without pods that is to stay so needs nothing of us; its stamps do no harm.
        if before == size and not (patches.is_stamped(one) and size):
            continue
        if fought := foreign_hands.size_changed(release, state, one, now):
            if state.phase == "Aborting":
                # Giving back is not put off for anybody: after the abort patch the controller sets the numbers.
                continue
            return fought
        sizes = {**(state.place.get("sizes") or {}), one["metadata"]["name"]: [before, size]}
        state = foreign_hands.note_size(state, one, now)
        # Once it is empty, nothing more is asked of the old version.
        is_last = one is sets.old and not size
        return act(
            state.but(place={**state.place, "sizes": sizes}),
            patches.size(release, one, size, is_last=is_last),
            release,
            now,
        )
    return None


def cleared(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The live ReplicaSets carry no stamps: before the first new pod, and whenever the controller scaled again."""
    sets = sets_of(release, state, seen)
    return sized(release, state, seen, now, new=side_of(sets.new).size, old=side_of(sets.old).size)


def ended(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is as it was, with the new template: one end patch, then our marks off the ReplicaSets."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        return act(state, patches.end(state, deployment), release, now)
    return cleaned(release, state, seen, now)


def is_ended(release: ReleaseSpec, state: State, deployment: Json) -> bool:
    """Whether the end patch has nothing to change any more but our marks: a new epoch claims the Deployment once more
    where a write after that patch was left without an answer."""
    spec = deployment["spec"]
    is_as_before = not spec.get("paused") and spec.get("strategy") == patches.kept_strategy(state, deployment)
    return is_as_before and runs_new(release, deployment)


def given_back(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is as it was, with the old template: one abort patch; the controller does the rest."""
    deployment = deployment_of(seen)
    if is_ours(release, deployment):
        return act(state, patches.give_back(release, state, deployment), release, now)
    return None


def cleaned(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """No ReplicaSet carries a mark of ours, and no active one a number that the next rollout would wait for."""
    deployment = deployment_of(seen)
    # Its controller copies annotations to ReplicaSets until it has seen that ours is gone.
    if not is_observed(deployment):
        return wait(state, now, LOOK_FOR_CONTROLLER)
    for one in seen.replica_sets:
        if one["metadata"].get("deletionTimestamp"):
            continue
        if (is_ours(release, one) or _has_copy(one)) and (patch := patches.clean(one)):
            return act(state, patch, release, now)
    wanted = desired_of(deployment)
    for one in seen.replica_sets:
        said = (one["metadata"].get("annotations") or {}).get(patches.DESIRED)
        if patches.size_of(one) and said not in (None, str(wanted)):
            # While the controller is at it, it writes the number itself; never where the size is right already.
            stays = is_complete(deployment) or patches.size_of(one) == wanted
            return act(state, patches.unstamp(one), release, now) if stays else wait(state, now)
    return None


def _has_copy(replica_set: Json) -> bool:
    return ORIGINALS in (replica_set["metadata"].get("annotations") or {})


def removed(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """A ReplicaSet that this release has made is gone once it is empty: `rollout undo` would go back to it."""
    new = sets_of(release, state, seen).new
    if new is None or not is_ours(release, new) or labels_of(new).get(ROLE) != patches.MADE:
        return None
    side = side_of(new)
    if side.size or side.pods:
        return wait(state, now)
    return act(state, patches.remove(new), release, now)
