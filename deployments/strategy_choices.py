"""The strategies that a release to a target may choose from, each with the steps that it would have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from deployments.default_strategy import default_of
from deployments.engine.read_strategy import StrategyInvalid
from deployments.engine.strategies import BlueGreen, Canary, Strategy
from deployments.step_facts import stops_of
from deployments.step_words import step_title
from deployments.strategy_words import strategy_name

if TYPE_CHECKING:
    from services.models import Target

KINDS = ("rolling", "canary", "blue_green")


@dataclass(frozen=True)
class StrategyChoice:
    """One of the three: its name in words, and its steps in a line. `value` "" stands for the default of the target,
    so that who changes the environment in the form gets the default of that one."""

    value: str
    type: str
    title: str
    steps: str


def strategy_choices(target: Target) -> list[StrategyChoice]:
    """The target's default, then the other types by name. One that cannot be read any more is left out."""
    found: list[StrategyChoice] = []
    for kind in ("", *KINDS):
        try:
            strategy = default_of(target, kind)
        except StrategyInvalid:
            continue
        if not found or strategy.type != found[0].type:
            title = strategy_name(strategy.to_json())
            found.append(StrategyChoice(kind, strategy.type, title, steps_in_a_line(strategy)))
    return found


def steps_in_a_line(strategy: Strategy) -> str:
    """ "10 %, pause 60 s, 50 %, take over"."""
    stops = stops_of(strategy)
    if not stops:
        return _("Pods are replaced in waves, as the workload's bounds allow.")
    return ", ".join(step_title(kind, spec) for kind, _weight, spec in stops)


def first_of(strategy: Strategy, reachable: int | None) -> str:
    """What a release begins with, for its button: "10 % first"; "" where it goes all the way at once.

    `reachable` is the share that the first weight really comes to, None where it is not known.
    """
    if isinstance(strategy, BlueGreen):
        return _("behind a preview first")
    if not isinstance(strategy, Canary):
        return ""
    weight = next((weight for kind, weight, _spec in stops_of(strategy) if kind == "set_weight"), 0)
    return _("%(weight)d %% first") % {"weight": weight if reachable is None else reachable}
