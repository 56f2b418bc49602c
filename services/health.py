"""How a target is, judged by what its workload was last seen to be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clusters.judging import judge
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

    What was not observed is unknown whatever an old row says.
    """
    if not is_fresh:
        return Health(State.UNKNOWN, _("The cluster has not been heard of lately."))
    if slim is None:
        return Health(State.MISSING, _("The cluster has no such workload: it was deleted or renamed."))
    state = State(judge(slim))
    return Health(state, _reason(state, slim))


def _reason(state: State, slim: Mapping[str, Any]) -> str:
    match state:
        case State.UNKNOWN:
            return _("The workload could not be read: %(why)s") % {"why": slim["bad"]}
        case State.SCALED_TO_ZERO:
            return _("It is scaled to zero.")
        case State.PROGRESSING:
            counts = {"updated": slim["updated"], "desired": slim["desired"]}
            return _("A rollout is under way: %(updated)d of %(desired)d Pods have the new version.") % counts
        case State.DOWN:
            return _("No Pod is ready.") + _condition_words(slim)
        case State.DEGRADED:
            return _shortage(int(slim["desired"]), int(slim["ready"])) + _condition_words(slim)
    return ""


def _shortage(desired: int, ready: int) -> str:
    missing = desired - ready
    if missing <= 0:
        return _("The last rollout did not finish in time.")
    words = ngettext(
        "%(missing)d of %(desired)d Pods is not ready.", "%(missing)d of %(desired)d Pods are not ready.", missing
    )
    return words % {"missing": missing, "desired": desired}


def worst(states: list[State]) -> State | None:
    """The state that a person should hear of first; None without any."""
    order = list(State)
    return min(states, key=order.index, default=None)


def _condition_words(slim: Mapping[str, Any]) -> str:
    failure = (slim.get("conditions") or {}).get("ReplicaFailure") or {}
    words = str(failure.get("message") or "")
    return f" {words[:300]}" if words else ""
