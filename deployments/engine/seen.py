"""What a tick saw of the cluster, as plain objects of the Kubernetes API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployments.engine.spec import Json


@dataclass(frozen=True)
class Check:
    """One question put to the cluster before the first write: `status` is passed, refused or unknown.

    `reason` is of the closed list of api.md when refused; `detail` are the cluster's own words.
    """

    name: str
    status: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Seen:
    """One observation. `deployment` None means: looked, and it is not there.

    `live` says that it was read from the API server for this tick; `fresh` that it reflects our own last write;
    `unreachable` says why nothing was seen. `checks` is filled in Gated only.
    """

    deployment: Json | None = None
    replica_sets: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    events: tuple[Json, ...] = ()
    live: bool = False
    fresh: bool = True
    unreachable: str = ""
    predecessor_ended: bool = True
    checks: tuple[Check, ...] | None = None
    seen_at: datetime | None = None
