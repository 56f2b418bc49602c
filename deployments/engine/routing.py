"""How requests reach the new version while it is tried: opened, steered, headed, mirrored, emptied, closed.

Each ensure answers None when it is already so (by replicas always), else the Decision that brings it nearer.
The order up: a Service of ours and the pin, pods, their endpoints, the route, accepted, settled. Down: weight 0,
settled, pods away, the route as it was, settled, the Service of ours away.

`State.routing` remembers: `service`, the name of the routed Service; `headers` and `mirror`, what steps have asked for;
`asked`, the last ask; `actual`, the share of the route that was last accepted; `accepted` and `accepted_at`, which ask
that was and since when; `back_at`, since when the routes are as they were found; `waits` {why, since}.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import ModuleType
from typing import cast

from deployments.engine import borrowed, in_place, pin
from deployments.engine.answers import LOOK_WHILE_MOVING, act
from deployments.engine.conflicts import fail, undo_or_pause
from deployments.engine.decision import Decision, Sentence, State
from deployments.engine.in_place_patches import size_of
from deployments.engine.json import Json
from deployments.engine.routers import Ask, Ends, Obstacle, Router, gateway_api, istio, nginx
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import SETTLE_SECONDS, BlueGreen, Canary, HeaderRoute, Mirror
from deployments.engine.workload import PORTAL, claim_of, desired_of, labels_of

ROUTERS: dict[str, ModuleType] = {"istio": istio, "gateway_api": gateway_api, "nginx": nginx}
# Endpoints and status of routes lag behind; what does not show for so long is not lag.
PATIENCE = timedelta(seconds=20)
GOES_ON_ALL_THE_SAME = ("TakingOver", "Finishing", "Aborting")


def router_of(release: ReleaseSpec) -> Router | None:
    """The router of a canary; None where the share of pods is the weight."""
    if not isinstance(release.strategy, Canary):
        return None
    return cast("Router | None", ROUTERS.get(release.strategy.traffic))


def opened(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Before the first new pod, and kept from then on: nothing leaks to it, and a Service of ours waits for it. The new
    ReplicaSet exists. For blue-green the routed Service leads to the version that `switched` says."""
    if isinstance(release.strategy, BlueGreen):
        ends = ends_of(release, state, seen, "preview")
        front, behind = ends.stable_hash, ends.canary_hash
        front, behind = (behind, front) if state.routing.get("switched") else (front, behind)
        return aimed(release, state, seen, now, "preview", stable=front, ours=behind)
    router = router_of(release)
    if router is None:
        return None
    ends = ends_of(release, state, seen)
    if held := router.held_by_other(release, seen, ends):
        params = {"kind": borrowed.kind_of(held), "name": borrowed.name_of(held)}
        return _wait(release, state, now, "route_held", params)
    if not router.pins_services(seen, ends):
        write = router.pinned(release, seen, ends)
        return act(noting(state, service=ends.stable), write, release, now) if write else None
    return aimed(release, state, seen, now, "canary", stable=ends.stable_hash, ours=ends.canary_hash)


def aimed(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, role: str, *, stable: str, ours: str
) -> Decision | None:
    """The routed Service takes only the pods of the hash `stable`, and one of ours beside it those of the hash `ours`.
    `role`: canary or preview."""
    ends = ends_of(release, state, seen, role)
    service, beside = pin.service_named(seen, ends.stable), pin.service_named(seen, ends.canary)
    if service is None:
        return fail(release, state, now, "Conflict", "service_gone", service=ends.stable)
    state = noting(state, service=ends.stable)
    if borrowed.is_held_by_other(release, service):
        return _wait(release, state, now, "service_held", {"service": ends.stable})
    if beside is None and ours:
        return act(state, pin.of_ours(release, service, ends.canary, role, ours), release, now)
    if beside is not None and not borrowed.is_ours(release, beside):
        return fail(release, state, now, "Conflict", "name_taken", kind="Service", name=ends.canary)
    if not borrowed.is_ours(release, service) and (strangers := _strangers(seen, ends)):
        params = {"service": ends.stable, "pods": ", ".join(sorted(strangers)[:3])}
        return _wait(release, state, now, "service_shared", params, patience=PATIENCE)
    # Where it was pinned and has no old version to be pinned to any more, it stays as it is until it is let go.
    write = pin.aim(release, service, stable, why="pin") if stable else None
    if write and _would_empty(seen, service, stable):
        if not borrowed.is_ours(release, service):
            return _wait(release, state, now, "pin_would_empty", {"service": ends.stable})
        # Other hands have taken the pin and the pods away: pods come first.
        write = None
    if write and pin.is_edited(release, service):
        return undo_or_pause(release, state, now, service, write, {"kind": "Service", "name": ends.stable})
    # The routed one first: what users get matters more than what a preview shows.
    if write:
        return act(state, write, release, now)
    if beside is not None and ours and (write := pin.moved(release, beside, service, ours)):
        return act(state, write, release, now)
    return None


def _would_empty(seen: Seen, service: Json, pod_hash: str) -> bool:
    """Whether a Service that reaches somebody would reach nobody at that version: other hands have taken its pods."""
    ready = {pin.hash_of_set(one): (one.get("status") or {}).get("readyReplicas") or 0 for one in seen.replica_sets}
    pinned = pin.pinned_hash(service)
    reached = ready.get(pinned, 0) if pinned else sum(ready.values())
    return bool(reached) and not ready.get(pod_hash)


def steered(release: ReleaseSpec, state: State, seen: Seen, now: datetime, weight: int) -> Decision | None:
    """The canary's share of requests is `weight` percent: written, accepted and settled. On the way up its pods are in
    the EndpointSlices first."""
    router = router_of(release)
    return _steered(release, state, seen, now, router, _ask(release, state, weight)) if router else None


def headed(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: HeaderRoute) -> Decision | None:
    """Requests with the step's header go to the new version, or no longer."""
    router = router_of(release)
    if router is None:
        return None
    others = [one for one in state.routing.get("headers") or [] if one["name"] != step.name]
    asked = [*others, step.to_json()["set_header_route"]] if step.header else others
    state = noting(state, headers=asked)
    return _steered(release, state, seen, now, router, _ask(release, state, asked_weight(state)))


def mirrored(release: ReleaseSpec, state: State, seen: Seen, now: datetime, step: Mirror) -> Decision | None:
    """The step's share of requests is copied to the new version."""
    router = router_of(release)
    if router is None:
        return None
    state = noting(state, mirror=step.percent)
    return _steered(release, state, seen, now, router, _ask(release, state, asked_weight(state)))


def emptied(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """No request is meant for the new version: weight 0, no header routes, no copies; accepted and settled."""
    router = router_of(release)
    if router is None:
        return None
    return _steered(release, noting(state, headers=[], mirror=0), seen, now, router, Ask())


def unpinned(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The routed Service takes the pods of all versions again."""
    ends = ends_of(release, state, seen)
    if opening := _let_go(release, state, seen, now, ends):
        return opening
    router = router_of(release)
    if router is not None and (write := router.unpinned(release, seen, ends)):
        return act(state, write, release, now)
    return None


def _let_go(release: ReleaseSpec, state: State, seen: Seen, now: datetime, ends: Ends) -> Decision | None:
    service = pin.service_named(seen, ends.stable)
    write = pin.let_go(release, service) if service is not None else None
    return act(state, write, release, now) if write else None


def closed(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Routes and Services are as they were found and ours are gone. Asked once no request is meant for pods that go."""
    ends = ends_of(release, state, seen)
    router = router_of(release)
    may_unpin = _may_unpin(release, state, seen)
    if may_unpin and (opening := _let_go(release, state, seen, now, ends)):
        return opening
    if router is not None:
        if write := router.given_back(release, seen, ends):
            return act(state, write, release, now)
        if wait := _settled_back(release, state, seen, now, router, ends):
            return wait
    service = pin.service_named(seen, ends.stable)
    if service is not None and borrowed.is_ours(release, service) and not may_unpin:
        return Decision(state, wake_at=now + LOOK_WHILE_MOVING)
    return removed(release, state, seen, now)


def released(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Everything back at once, in no regard to pods: the Deployment is gone, so the pin is the first to go."""
    ends = ends_of(release, state, seen)
    if opening := _let_go(release, state, seen, now, ends):
        return opening
    router = router_of(release)
    if router is not None and (write := router.given_back(release, seen, ends)):
        return act(state, write, release, now)
    return removed(release, state, seen, now)


def removed(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """No Service of ours is left."""
    for service in seen.services:
        if borrowed.is_ours(release, service) and labels_of(service).get(borrowed.ROLE):
            return act(state, borrowed.remove({**service, "kind": "Service"}), release, now)
    return None


def _may_unpin(release: ReleaseSpec, state: State, seen: Seen) -> bool:
    """Whether the routed Service may take all pods again: nothing of the new version is left to leak to, nothing of the
    old one to be pinned to, or the controller is taking away what it is pinned to."""
    if seen.deployment is None:
        return True
    service = pin.service_named(seen, ends_of(release, state, seen).stable)
    pinned_to = pin.pinned_hash(service) if service else ""
    kept = next((one for one in seen.replica_sets if pin.hash_of_set(one) == pinned_to), None)
    others = [one for one in seen.replica_sets if one is not kept]
    has_others = any((one.get("status") or {}).get("replicas") or size_of(one) for one in others)
    serves = bool(kept and ((kept.get("status") or {}).get("readyReplicas") or 0))
    return not has_others or not serves or size_of(kept or {"spec": {}}) < desired_of(seen.deployment)


def ends_of(release: ReleaseSpec, state: State, seen: Seen, role: str = "canary") -> Ends:
    """The two ends that requests are shared between. `stable` "" where no Service can be told."""
    service = pin.routed_service(release, seen)
    name = state.routing.get("service") or (borrowed.name_of(service) if service else release.kubernetes_service)
    sets = in_place.sets_of(release, state, seen) if seen.deployment else in_place.Sets(None, None)
    return Ends(
        namespace=release.namespace,
        stable=name,
        canary=pin.beside(name, role) if name else "",
        stable_hash=pin.hash_of_set(sets.old),
        canary_hash=pin.hash_of_set(sets.new),
        pod_labels=labels_of(release.template_to),
    )


def asked_weight(state: State) -> int:
    """The canary's share that the routes were last asked for, in percent."""
    return int((state.routing.get("asked") or {}).get("weight", 0))


def obstacles(release: ReleaseSpec, seen: Seen) -> list[Obstacle]:
    """Why the plan refuses to steer this release's traffic; empty where nothing is steered."""
    router = router_of(release)
    is_blue_green = isinstance(release.strategy, BlueGreen)
    if router is None and not is_blue_green:
        return []
    service = pin.routed_service(release, seen)
    if service is None:
        return [Obstacle("no_service", release.names)]
    name = borrowed.name_of(service)
    if router is None:
        ends = Ends(release.namespace, name, pin.beside(name, "preview"))
        return _claimed(release, seen) + service_obstacles(release, seen, ends)
    ends = Ends(release.namespace, name, pin.beside(name, "canary"), pod_labels=labels_of(release.template_from))
    found = [*router.obstacles(release, seen, ends), *_claimed(release, seen)]
    return found + (service_obstacles(release, seen, ends) if router.pins_services(seen, ends) else [])


def _claimed(release: ReleaseSpec, seen: Seen) -> list[Obstacle]:
    return [
        Obstacle("claimed", {"kind": borrowed.kind_of(one), "name": borrowed.name_of(one)})
        for one in (*seen.services, *seen.routes)
        if claim_of(one).portal not in ("", release.portal)
    ]


def service_obstacles(release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Obstacle]:
    """Why the routed Service can't be pinned: pinning must yield exactly the endpoints of before."""
    service = pin.service_named(seen, ends.stable)
    if service is None:
        return [Obstacle("no_service", release.names)]
    params = {"service": ends.stable}
    if not pin.original_selector(service):
        return [Obstacle("service_without_selector", params)]
    if pin.pinned_hash(service) and not labels_of(service).get(PORTAL):
        return [Obstacle("service_pinned", params)]
    found = []
    taken = pin.service_named(seen, ends.canary)
    if taken is not None and labels_of(taken).get(PORTAL) != release.portal:
        found.append(Obstacle("name_taken", {"kind": "Service", "name": ends.canary}))
    mine = {name for one in seen.replica_sets for name in pin.pods_of(seen, one)}
    if strangers := pin.ready_pods_of(seen, ends.stable) - mine:
        found.append(Obstacle("service_shared", {**params, "pods": ", ".join(sorted(strangers)[:3])}))
    return found


def leaking_services(release: ReleaseSpec, seen: Seen) -> list[str]:
    """Names of the other Services that match the new pods: they get requests of both versions, unsplit."""
    service = pin.routed_service(release, seen)
    routed = borrowed.name_of(service) if service else ""
    return sorted(name for one in pin.selecting(seen) if (name := borrowed.name_of(one)) != routed)


def _ask(release: ReleaseSpec, state: State, weight: int) -> Ask:
    stored: Json = {"weight": weight, "headers": state.routing.get("headers"), "mirror": state.routing.get("mirror")}
    ask = Ask.from_json(stored)
    # Everything goes one way then: what tells requests apart has no more to tell.
    if weight == 100 or state.phase == "Aborting":
        ask = Ask(weight)
    sticky = release.strategy.sticky if isinstance(release.strategy, Canary) else None
    return Ask(ask.weight, ask.headers, ask.mirror, sticky)


def _steered(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, router: Router, ask: Ask
) -> Decision | None:
    ends = ends_of(release, state, seen)
    asked = ask.to_json()
    if ask.is_nothing and "asked" not in state.routing:
        return None
    if state.phase not in GOES_ON_ALL_THE_SAME and (pinning := opened(release, state, seen, now)):
        return pinning
    if not ask.is_nothing:
        if router.obstacles(release, seen, ends) and state.phase not in GOES_ON_ALL_THE_SAME:
            return fail(release, state, now, "Conflict", "route_gone", service=ends.stable)
        if wait := _reached(release, state, seen, now, router, ends, ask):
            return wait
    if edited := router.edited_by_other(release, seen, ends):
        write = router.steered(release, seen, ends, ask)
        params = {"kind": borrowed.kind_of(edited), "name": borrowed.name_of(edited)}
        if write:
            return undo_or_pause(release, noting(state, asked=asked), now, edited, write, params)
    if write := router.steered(release, seen, ends, ask):
        return act(noting(state, asked=asked, waits=None, back_at=None), write, release, now)
    return _settled(release, noting(state, asked=asked), seen, now, router, ends)


def _reached(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, router: Router, ends: Ends, ask: Ask
) -> Decision | None:
    """More requests are only sent once the ready pods of the new version stand in the EndpointSlices."""
    known = Ask.from_json(state.routing["asked"]) if state.routing.get("asked") else Ask()
    if ask.weight <= known.weight and not known.is_nothing:
        return None
    sets = in_place.sets_of(release, state, seen)
    name = ends.canary if router.pins_services(seen, ends) else ends.stable
    there = pin.ready_pods_of(seen, name) & pin.pods_of(seen, sets.new)
    wanted = ((sets.new or {}).get("status") or {}).get("availableReplicas") or 0
    if there and len(there) >= wanted:
        return None
    return _wait(release, state, now, "endpoints_lag", {"service": name, "count": len(there), "wanted": wanted})


def _settled(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, router: Router, ends: Ends
) -> Decision | None:
    if not router.accepted(release, seen, ends):
        return _wait(release, state, now, "route_not_accepted", {"service": ends.stable})
    asked = state.routing["asked"]
    if state.routing.get("accepted") != asked:
        noted = noting(state, accepted=asked, accepted_at=now.isoformat(), actual=asked["weight"], waits=None)
        return Decision(noted, wake_at=now + _settling(release), again=not _settling(release))
    due = datetime.fromisoformat(state.routing["accepted_at"]) + _settling(release)
    return Decision(state, wake_at=due) if now < due else None


def _settled_back(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, router: Router, ends: Ends
) -> Decision | None:
    """The way of the given back routes to the data plane takes its time, too."""
    if "asked" not in state.routing:
        return None
    if not state.routing.get("back_at"):
        if not router.accepted(release, seen, ends) and (
            wait := _wait(release, state, now, "route_not_accepted", {"service": ends.stable})
        ):
            return wait
        # Behind the one Service there are only the pods of the version that won.
        actual = 100 if state.phase == "TakingOver" else 0
        noted = noting(state, back_at=now.isoformat(), actual=actual, waits=None)
        return Decision(noted, wake_at=now + _settling(release), again=not _settling(release))
    due = datetime.fromisoformat(state.routing["back_at"]) + _settling(release)
    return Decision(state, wake_at=due) if now < due else None


def _settling(release: ReleaseSpec) -> timedelta:
    seconds = release.strategy.route_settle_seconds if isinstance(release.strategy, Canary) else SETTLE_SECONDS
    return timedelta(seconds=seconds)


def _strangers(seen: Seen, ends: Ends) -> set[str]:
    """Ready endpoints of the routed Service that are no pods of this Deployment: a pin would cut them off."""
    mine = {borrowed.name_of(pod) for pod in seen.pods}
    return pin.ready_pods_of(seen, ends.stable) - mine


def _wait(
    release: ReleaseSpec,
    state: State,
    now: datetime,
    why: str,
    params: Json,
    patience: timedelta | None = None,
) -> Decision | None:
    """Look again soon; what lasts longer than the deadline fails the step. Where giving back is owed it is not held up
    for ever: None then."""
    waits = state.routing.get("waits") or {}
    since = datetime.fromisoformat(waits["since"]) if waits.get("why") == why else now
    deadline = patience or timedelta(seconds=release.strategy.progress_deadline_seconds)
    sentence = Sentence(why, {**params, **release.names})
    if now - since >= deadline:
        if state.phase in GOES_ON_ALL_THE_SAME:
            return None
        reason = "Conflict" if patience else "ProgressDeadlineExceeded"
        return fail(release, state, now, reason, why, **params)
    noted = noting(state, waits={"why": why, "since": since.isoformat()}).but(message=sentence)
    return Decision(noted, wake_at=min(now + LOOK_WHILE_MOVING, since + deadline))


def noting(state: State, **noted: object) -> State:
    """Remember something about the traffic; None forgets it."""
    routing = {key: value for key, value in {**state.routing, **noted}.items() if value is not None}
    return state if routing == state.routing else state.but(routing=routing)
