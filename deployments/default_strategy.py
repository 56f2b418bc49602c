"""Which strategy a release has: what was asked for, else what target or environment say, else rolling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployments.engine.json import Json
from deployments.engine.read_strategy import read_strategy
from deployments.engine.strategies import DEFAULT_STEPS, Canary, Step, Strategy

if TYPE_CHECKING:
    from services.models import Target


def chosen_strategy(asked: str | Json | None, target: Target) -> Strategy:
    """The strategy of a release to `target`.

    Nothing asked: the target's default, the environment's, rolling. A bare name: the default of that type where there
    is one. A canary that names no steps takes those of the nearest default canary. Raises StrategyInvalid.
    """
    defaults = _defaults(target)
    if asked is None:
        asked = defaults[0] if defaults else "rolling"
    if isinstance(asked, str):
        asked = next((one for one in defaults if one.get("type") == asked), asked)
    return read_strategy(asked, steps=_steps(defaults))


def default_of(target: Target, kind: str = "") -> Strategy:
    """What a release gets that asks for nothing, or only for a type. Raises StrategyInvalid."""
    return chosen_strategy(kind or None, target)


def _defaults(target: Target) -> list[Json]:
    """The target's own first, then the environment's."""
    return [one for one in (target.strategy, target.environment.strategy) if one]


def _steps(defaults: list[Json]) -> tuple[Step, ...]:
    for one in defaults:
        if one.get("type") == "canary" and one.get("steps"):
            strategy = read_strategy(one)
            if isinstance(strategy, Canary):
                return strategy.steps
    return DEFAULT_STEPS
