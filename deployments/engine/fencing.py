"""Fencing that reaches the cluster: a new epoch is stamped on every object that a release may write."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.engine import patches
from deployments.engine.decision import State, Write
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import Claim, claim_of


def to_stamp(release: ReleaseSpec, state: State, seen: Seen) -> Write | None:
    """The next object to raise to this epoch, as long as a write of an older one may still be on its way: until all are
    raised nothing seen can be trusted. None: nothing is to be feared any more.

    That is every object that carries this release's claim, and the one that the older write was for. What another
    portal or release has claimed meanwhile needs no stamp: the older write fails on its claim.
    """
    unconfirmed = state.unconfirmed
    if not unconfirmed or unconfirmed["epoch"] >= release.epoch:
        return None
    return _next(release, seen, {"Deployment/", str(unconfirmed.get("key") or "")})


def to_raise(release: ReleaseSpec, seen: Seen) -> Write | None:
    """The next object of this release that carries another epoch, after its row came back from a backup."""
    return _next(release, seen, set())


def _next(release: ReleaseSpec, seen: Seen, feared: set[str]) -> Write | None:
    """The first object to stamp: one that this release claims, or that is feared for and nobody claims."""
    for kind, name, obj in _written(seen):
        claim = claim_of(obj)
        is_wanted = _is_ours(release, claim) or (not claim.portal and f"{kind}/{name}" in feared)
        if is_wanted and claim.epoch != str(release.epoch):
            return patches.stamp(release, obj, kind=kind, name=name)
    return None


def _is_ours(release: ReleaseSpec, claim: Claim) -> bool:
    return (claim.portal, claim.release) == (release.portal, release.id)


def _written(seen: Seen) -> Iterator[tuple[str, str, Json]]:
    """Kind, name and object of everything seen that a release may write; the Deployment goes by no name."""
    if seen.deployment is not None:
        yield "Deployment", "", seen.deployment
    for one in seen.replica_sets:
        yield "ReplicaSet", one["metadata"]["name"], one
    for one in seen.services:
        yield "Service", one["metadata"]["name"], one
    for one in seen.routes:
        yield one["kind"], one["metadata"]["name"], one
