"""The steps of a planned release with the pods that each needs: what was asked for beside what can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.engine import weights
from deployments.engine.bounds import surge_of
from deployments.engine.json import Json
from deployments.engine.strategies import BlueGreen, Canary, Strategy
from deployments.engine.workload import desired_of
from deployments.step_facts import stops_of


@dataclass(frozen=True)
class PlannedStep:
    """One step: the share asked for and the one that its pods come to. `reachable_weight` None: no pods give it.

    Behind a router the share is the route's, whatever the pods. `spec` is the step as the strategy has it.
    """

    index: int
    kind: str
    weight: int
    reachable_weight: int | None
    stable: int
    canary: int
    spec: Json

    def to_json(self) -> Json:
        return {
            "kind": self.kind,
            "weight": self.weight,
            "reachable_weight": self.reachable_weight,
            "pods": {"stable": self.stable, "canary": self.canary},
            **({"spec": self.spec} if self.spec else {}),
        }


def planned_steps(deployment: Json, strategy: Strategy) -> list[PlannedStep]:
    """What each step comes to with the number of replicas that the workload has now."""
    replicas = desired_of(deployment)
    if isinstance(strategy, Canary):
        return _of_canary(deployment, strategy, replicas)
    if isinstance(strategy, BlueGreen):
        return _of_blue_green(strategy, replicas)
    return [PlannedStep(0, "rolling", 100, 100, 0, replicas, {})]


def extra_pods(deployment: Json, strategy: Strategy) -> int:
    """How many pods beyond the desired number the release may run at once."""
    replicas = desired_of(deployment)
    if isinstance(strategy, BlueGreen) or (isinstance(strategy, Canary) and strategy.traffic != "replicas"):
        # Before anything of the old version goes, the new one stands there whole.
        return max(replicas, getattr(strategy, "canary_replicas", None) or 0)
    return surge_of(deployment, replicas, strategy.max_surge)


def _of_canary(deployment: Json, strategy: Canary, replicas: int) -> list[PlannedStep]:
    surge = surge_of(deployment, replicas, strategy.max_surge)
    found = []
    for index, (kind, weight, spec) in enumerate(stops_of(strategy)):
        if strategy.traffic != "replicas":
            sizes: weights.Sizes | None = weights.behind_router(replicas, weight, strategy.canary_replicas)
            reached: int | None = weight
        else:
            sizes = weights.share(replicas, surge, weight)
            reached = weights.actual(sizes.new, sizes.old) if sizes else None
        if kind == "promote":
            sizes, reached = weights.Sizes(replicas, 0), 100
        stable, canary = (sizes.old, sizes.new) if sizes else (replicas, 0)
        found.append(PlannedStep(index, kind, weight, reached, stable, canary, spec))
    return found


def _of_blue_green(strategy: BlueGreen, replicas: int) -> list[PlannedStep]:
    preview = strategy.preview_replicas or replicas
    found = []
    for index, (kind, weight, spec) in enumerate(stops_of(strategy)):
        stable = 0 if kind == "scale_down" else replicas
        canary = replicas if weight else preview
        found.append(PlannedStep(index, kind, weight, weight, stable, canary, spec))
    return found
