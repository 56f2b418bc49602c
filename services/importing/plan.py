"""What an import would do, row by row: found entries against the catalog and against what the importer may do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from accounts.models import Team
from clusters.models import Cluster
from services.importing.entries import Unusable
from services.models import Environment, Service


@dataclass(frozen=True)
class PlannedTarget:
    """A target that would be added."""

    environment: Environment
    cluster: Cluster
    namespace: str
    workload: str
    container: str
    version: str


@dataclass(frozen=True)
class PlannedService:
    """A service that would be made, changed, or is as the source says. `service` is None where it would be made.

    `changes` is by field `(now, then)`; `makes_team` means that the owner does not exist yet.
    """

    index: int
    name: str
    team: str
    service: Service | None = None
    owner: Team | None = None
    makes_team: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    targets: list[PlannedTarget] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "index": self.index,
            "service": self.name,
            "team": self.team,
            "makes_team": self.makes_team,
            "changes": {name: {"before": now, "after": then} for name, (now, then) in self.changes.items()},
            "targets": [
                {
                    "environment": target.environment.name,
                    "cluster": target.cluster.name,
                    "namespace": target.namespace,
                    "workload": target.workload,
                    "container": target.container,
                    "version": target.version,
                }
                for target in self.targets
            ],
        }


@dataclass(frozen=True)
class Clash:
    """Something of the source that cannot be imported as things are; `next` says what to do about it."""

    index: int
    service: str
    pointer: str
    code: str
    detail: str
    next: str = ""


@dataclass
class ImportPlan:
    """Every entry of the source is in `create`, `update` or `unchanged`, or is told of in `conflict` or `invalid`."""

    create: list[PlannedService] = field(default_factory=list)
    update: list[PlannedService] = field(default_factory=list)
    unchanged: list[PlannedService] = field(default_factory=list)
    conflict: list[Clash] = field(default_factory=list)
    invalid: list[Unusable] = field(default_factory=list)
    skipped: list[Unusable] = field(default_factory=list)

    def described(self) -> dict[str, list[dict[str, Any]]]:
        """As the API answers it."""
        return {
            "create": [row.described() for row in self.create],
            "update": [row.described() for row in self.update],
            "unchanged": [row.described() for row in self.unchanged],
            "conflict": [asdict(row) for row in self.conflict],
            "invalid": [asdict(row) for row in self.invalid],
            "skipped": [asdict(row) for row in self.skipped],
        }

    @property
    def has_work(self) -> bool:
        return bool(self.create or self.update)
