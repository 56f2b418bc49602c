"""How a share of requests reaches the new version: one router a file, behind this interface. All of it is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import HeaderRoute, Sticky


@dataclass(frozen=True)
class Ends:
    """The two ends that traffic is shared between: names of Kubernetes Services, and the pods behind each by the value
    of `pod-template-hash` ("" while it is not known)."""

    namespace: str
    stable: str
    canary: str
    stable_hash: str = ""
    canary_hash: str = ""
    pod_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """What is asked of the routes: the canary's share in percent, the header routes, the share that is copied to it,
    and the cookie that keeps sessions with a version."""

    weight: int = 0
    headers: tuple[HeaderRoute, ...] = ()
    mirror: int = 0
    sticky: Sticky | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether no request is meant to reach the canary."""
        return self.weight == 0 and not self.headers and self.mirror == 0

    def to_json(self) -> Json:
        return {
            "weight": self.weight,
            "headers": [one.to_json()["set_header_route"] for one in self.headers],
            "mirror": self.mirror,
            **({"sticky": self.sticky.to_json()} if self.sticky else {}),
        }

    @classmethod
    def from_json(cls, stored: Any) -> Ask:
        """Raises KeyError, TypeError or ValueError for what is no stored ask."""
        sticky = stored.get("sticky")
        return cls(
            weight=int(stored["weight"]),
            headers=tuple(_header(one) for one in stored.get("headers") or ()),
            mirror=int(stored.get("mirror") or 0),
            sticky=Sticky(str(sticky["cookie"]), int(sticky["seconds"])) if sticky else None,
        )


def _header(stored: Json) -> HeaderRoute:
    how, value = next((how, value) for how, value in stored["match"].items() if how != "header")
    return HeaderRoute(stored["name"], stored["match"]["header"], how, value)


@dataclass(frozen=True)
class Obstacle:
    """Why a router can't do what the strategy asks of it: a stable code and the parameters of its sentence."""

    code: str
    params: Json = field(default_factory=dict)


class Router(Protocol):
    """What routing asks of a router. Each write is the next one that is missing; None: it is already so."""

    def obstacles(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Obstacle]:
        """What the plan refuses: no route leads to the target, or one that leads there can't be split."""

    def pins_services(self, seen: Seen, ends: Ends) -> bool:
        """Whether the two versions are told apart by Kubernetes Services, so that the routed one has to be pinned."""

    def pinned(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
        """Before the first new pod: what keeps requests from it where no Service does."""

    def unpinned(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
        """The stable end takes all pods again; routes still lead where they led."""

    def steered(self, release: ReleaseSpec, seen: Seen, ends: Ends, ask: Ask) -> Write | None:
        """The routes ask for this share."""

    def accepted(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> bool:
        """Whether what stands in the routes is what the data plane was told."""

    def given_back(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
        """The routes are as they were found."""

    def held_by_other(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
        """A route to the target that another release holds, so that it can't be written now."""

    def edited_by_other(self, release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
        """A route that another hand has changed since our last write to it."""
