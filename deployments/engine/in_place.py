"""Two versions inside one Deployment: begun, made, sized, ended, given back (delivery.md, Objects).

Each ensure answers None when what it ensures is already so, else the Decision that brings it nearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployments.engine.decision import Decision, State
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec


@dataclass(frozen=True)
class Sets:
    """The two ReplicaSets of a release in place. `new` None: not made yet; `old` None: gone (revisionHistoryLimit 0)."""

    new: Json | None
    old: Json | None


def sets_of(release: ReleaseSpec, state: State, seen: Seen) -> Sets:
    """Which ReplicaSet runs the new version and which the old one."""
    raise NotImplementedError


def begun(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is claimed, paused, Recreate, and carries the new template: one JSON patch."""
    raise NotImplementedError


def made(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The new ReplicaSet exists and the Deployment controller knows it as the new one."""
    raise NotImplementedError


def sized(release: ReleaseSpec, state: State, seen: Seen, now: datetime, *, new: int, old: int) -> Decision | None:
    """Both ReplicaSets are asked for these sizes and carry no stamp of the controller's own scaling: one patch each.

    Moves nothing by bounds: the caller says sizes that are within them (see `weights.next_sizes`).
    """
    raise NotImplementedError


def undone(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """No other hand has changed what this release holds: template, strategy, paused, claim. Asked first in every phase
    between `begun` and `ended`."""
    raise NotImplementedError


def ended(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is as it was, with the new template: one end patch, then our marks off the ReplicaSets."""
    raise NotImplementedError


def given_back(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """The Deployment is as it was, with the old template: one abort patch; the controller does the rest."""
    raise NotImplementedError
