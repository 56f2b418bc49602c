"""How a target is, judged by what its workload was last seen to be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from web.states import Look, look_of


class State(StrEnum):
    """From bad to good, the order in which a list of services shows them."""

    DOWN = "down"
    MISSING = "missing"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    PROGRESSING = "progressing"
    SCALED_TO_ZERO = "scaled_to_zero"
    HEALTHY = "healthy"


@dataclass(frozen=True)
class Health:
    """A state and, unless all is well, the sentence that says why."""

    state: State
    reason: str = ""

    @property
    def look(self) -> Look:
        """The colour, icon and word of the state."""
        return look_of(self.state)


def health_of(slim: Mapping[str, Any] | None, *, is_fresh: bool) -> Health:
    """The health of a Deployment by its slim observation (clusters.observe.slim.workloads).

    Order matters: what was not observed is unknown whatever an old row says, and a rollout that is under way explains
    missing Pods, unless the cluster has given up on it.
    """
    if not is_fresh:
        return Health(State.UNKNOWN, _("The cluster has not been heard of lately."))
    if slim is None:
        return Health(State.MISSING, _("The cluster has no such workload: it was deleted or renamed."))
    if "bad" in slim:
        return Health(State.UNKNOWN, _("The workload could not be read: %(why)s") % {"why": slim["bad"]})
    desired, ready = int(slim["desired"]), int(slim["ready"])
    if desired == 0:
        return Health(State.SCALED_TO_ZERO, _("It is scaled to zero."))
    if is_rolling(slim) and not has_stuck(slim):
        return Health(
            State.PROGRESSING,
            _("A rollout is under way: %(updated)d of %(desired)d Pods have the new version.")
            % {"updated": slim["updated"], "desired": desired},
        )
    if ready == 0:
        return Health(State.DOWN, _("No Pod is ready.") + _condition_words(slim))
    if ready < desired:
        missing = desired - ready
        return Health(
            State.DEGRADED,
            ngettext(
                "%(missing)d of %(desired)d Pods is not ready.",
                "%(missing)d of %(desired)d Pods are not ready.",
                missing,
            )
            % {"missing": missing, "desired": desired}
            + _condition_words(slim),
        )
    if has_stuck(slim):
        return Health(State.DEGRADED, _("The last rollout did not finish in time.") + _condition_words(slim))
    return Health(State.HEALTHY)


def is_rolling(slim: Mapping[str, Any]) -> bool:
    """Whether the Deployment's Pods are not all of its newest template yet."""
    desired, updated = int(slim["desired"]), int(slim["updated"])
    return (
        int(slim["observed_generation"]) < int(slim["generation"])
        or updated < desired
        or int(slim["replicas"]) > updated
    )


def has_stuck(slim: Mapping[str, Any]) -> bool:
    """Whether the Deployment controller says that the rollout exceeded its deadline."""
    return _progressing(slim).get("reason") == "ProgressDeadlineExceeded"


def worst(states: list[State]) -> State | None:
    """The state that a person should hear of first; None without any."""
    order = list(State)
    return min(states, key=order.index, default=None)


def _progressing(slim: Mapping[str, Any]) -> Mapping[str, Any]:
    condition: Mapping[str, Any] = (slim.get("conditions") or {}).get("Progressing") or {}
    return condition


def _condition_words(slim: Mapping[str, Any]) -> str:
    failure = (slim.get("conditions") or {}).get("ReplicaFailure") or {}
    words = str(failure.get("message") or "")
    return f" {words[:300]}" if words else ""
