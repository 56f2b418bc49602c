"""Which analysis templates there are, and those that a strategy names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deployments.analysis.built_in import TEMPLATES
from deployments.engine.json import Json
from deployments.engine.strategies import Analyse, AnalysisTemplate, BlueGreen, Canary, Strategy
from deployments.models import AnalysisTemplate as Row

if TYPE_CHECKING:
    from accounts.models import Team


def names_in(strategy: Strategy) -> dict[str, list[str]]:
    """The templates that a strategy names, each with the JSON pointers at which it does."""
    found: dict[str, list[str]] = {}
    for pointer, asked in _analyses(strategy):
        for index, name in enumerate(asked.templates):
            found.setdefault(name, []).append(f"{pointer}/templates/{index}")
    return found


def usable_templates(names: Iterable[str], team: Team) -> dict[str, AnalysisTemplate]:
    """Those of the names that a service of the team may use; the others are left out. One query at most."""
    wanted = set(names)
    found = {name: TEMPLATES[name] for name in wanted if name in TEMPLATES}
    if missing := wanted - found.keys():
        found |= {row.name: row.spec for row in Row.objects.usable_by(team).filter(name__in=missing)}
    return found


def kept_with_release(strategy: Strategy, team: Team) -> Json:
    """The definitions as a release keeps them, so that a later edit changes nothing of it."""
    return {name: one.to_json() for name, one in usable_templates(names_in(strategy), team).items()}


def _analyses(strategy: Strategy) -> list[tuple[str, Analyse]]:
    if isinstance(strategy, Canary):
        steps = [
            (f"/strategy/steps/{index}/analysis", step)
            for index, step in enumerate(strategy.steps)
            if isinstance(step, Analyse)
        ]
        return [*steps, *([("/strategy/analysis", strategy.analysis)] if strategy.analysis else [])]
    if isinstance(strategy, BlueGreen):
        runs = {"pre_promotion": strategy.pre_promotion, "post_promotion": strategy.post_promotion}
        return [(f"/strategy/{name}", run) for name, run in runs.items() if run]
    return []
