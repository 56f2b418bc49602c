"""What a tick saw of the cluster, as plain objects of the Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from deployments.engine.json import Json


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
class Measurement:
    """One measurement as stored: `status` is Successful, Failed, Inconclusive or Error; `value` None where there was
    none; `samples` is how many requests it stands on, None where the template does not count them.

    `since` is where its window begins; `early`: the weight was too young for the whole window of the template.
    `words` say what was compared with what, in English.
    """

    run: str
    template: str
    number: int
    at: datetime
    status: str
    value: float | None = None
    samples: float | None = None
    words: str = ""
    since: datetime | None = None
    early: bool = False


@dataclass(frozen=True)
class Voices:
    """What came of asking for approval at one gate: `status` is pending, approved, rejected, expired or void (the
    release was edited: ask anew). `by` and `comment` are those of the voice that decided; `asked` names the request."""

    gate: str
    status: str
    by: str = ""
    comment: str = ""
    asked: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Window:
    """A freeze window that blocks this target now, until when, and which role may override it."""

    name: str
    until: datetime
    override_role: str = ""


@dataclass(frozen=True)
class Unproven:
    """The images have not proved themselves in environment `origin`: `code` and `params` are the sentence that says
    why, `until` when the gate opens by itself, None where something has to happen there first."""

    origin: str
    code: str
    params: Json
    until: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """One observation. `deployment` None means: looked, and it is not there.

    `live` says that it was read from the API server for this tick; `fresh` that it reflects our own last write;
    `unreachable` says why nothing was seen. `checks` is filled in Gated only.
    `services` are the Kubernetes Services of the namespace that select pods of the target or carry our claim, with
    their `endpoint_slices`; `routes` the objects of the strategy's router that lead to them or carry our claim;
    `autoscaler` the HPA of the Deployment. They are looked for where the strategy has use for them.
    `measurements`, `voices`, `window` and `unproven` come from our own database; `unproven` is looked for before the
    first write only.
    """

    deployment: Json | None = None
    replica_sets: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    events: tuple[Json, ...] = ()
    services: tuple[Json, ...] = ()
    endpoint_slices: tuple[Json, ...] = ()
    routes: tuple[Json, ...] = ()
    autoscaler: Json | None = None
    measurements: tuple[Measurement, ...] = ()
    voices: tuple[Voices, ...] = ()
    window: Window | None = None
    unproven: Unproven | None = None
    live: bool = False
    fresh: bool = True
    unreachable: str = ""
    predecessor_ended: bool = True
    checks: tuple[Check, ...] | None = None

    def objects(self) -> Iterator[tuple[str, Json]]:
        """What the watcher keeps rows of too, each with its kind."""
        kinds = {
            "Deployment": (self.deployment,) if self.deployment else (),
            "ReplicaSet": self.replica_sets,
            "Pod": self.pods,
            "Service": self.services,
            "EndpointSlice": self.endpoint_slices,
        }
        return ((kind, one) for kind, found in kinds.items() for one in found)
