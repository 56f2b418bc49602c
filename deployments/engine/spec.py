"""What a release was asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployments.engine.json import Json
from deployments.engine.strategies import AnalysisTemplate, Strategy

__all__ = ["Json", "ReleaseSpec"]


@dataclass(frozen=True)
class ReleaseSpec:
    """What a release was asked to do; never changes while it runs, but for `epoch`.

    `template_from` was live when the plan was made, `template_back` is what an abort writes, `also_from` are templates
    that may be found instead of `template_from` because the release superseded another one. `kubernetes_service` is the
    name of the target's Service, "" where it has none. `templates` are the analysis templates that the strategy names,
    as they were when the release was made. `approvals` are the rules that hold before it may begin: [{team, count}].
    `emergency`: asked for by somebody who may pass approvals and windows.
    """

    id: str
    portal: str
    epoch: int
    cluster: str
    namespace: str
    workload: str
    uid: str
    strategy: Strategy
    template_from: Json
    template_to: Json
    template_back: Json
    also_from: tuple[Json, ...] = ()
    kubernetes_service: str = ""
    templates: Mapping[str, AnalysisTemplate] = field(default_factory=dict)
    approvals: tuple[Json, ...] = ()
    emergency: bool = False

    @property
    def names(self) -> Json:
        """Where the release works, as sentences name it."""
        return {"workload": self.workload, "namespace": self.namespace, "cluster": self.cluster}
