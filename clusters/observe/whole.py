"""Which objects are kept with all fields: a workload under release, its ReplicaSets, Pods and their Events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from clusters.observe.objects import trimmed

if TYPE_CHECKING:
    from clusters.observe.objects import SeenObject
    from clusters.observe.slim.parts import Raw


class Workload(NamedTuple):
    namespace: str
    name: str


@dataclass
class KeptWhole:
    """The workloads of one cluster that KeepWhole rows name."""

    workloads: frozenset[Workload] = frozenset()
    # A ReplicaSet that a Deployment adopted is not named after it: its pods are known by its uid.
    _replica_sets: set[str] = field(default_factory=set)

    def replace(self, workloads: Iterable[Workload]) -> tuple[frozenset[Workload], frozenset[Workload]]:
        """Take over what the rows say now; answers what came and what went."""
        now = frozenset(workloads)
        came, went = now - self.workloads, self.workloads - now
        self.workloads = now
        if not now:
            self._replica_sets.clear()
        return came, went

    def whole_of(self, seen: SeenObject, raw: Raw) -> Raw | None:
        """The object as it is to be kept, None where the slim form is enough."""
        if not self.workloads or seen.bad or not self.wants(seen):
            return None
        if seen.kind == "ReplicaSet":
            self._replica_sets.add(seen.uid)
        return trimmed(raw, keep_managed_fields=seen.kind == "Deployment")

    def wants(self, seen: SeenObject) -> bool:
        """Whether the object belongs to a workload that is kept whole."""
        namespace = seen.namespace
        if seen.kind == "Deployment":
            return Workload(namespace, seen.name) in self.workloads
        if seen.kind == "ReplicaSet":
            return seen.owner_kind == "Deployment" and Workload(namespace, seen.owner_name) in self.workloads
        if seen.kind == "Pod":
            owner = Workload(namespace, seen.owner_name.rpartition("-")[0])
            return seen.owner_kind == "ReplicaSet" and (owner in self.workloads or seen.owner_uid in self._replica_sets)
        if seen.kind == "Event":
            about = (seen.slim or {}).get("involved", {}).get("name", "")
            return any(
                about == workload.name or about.startswith(f"{workload.name}-")
                for workload in self.workloads
                if workload.namespace == namespace
            )
        return False


def selector_text(selector: Raw) -> str:
    """A Deployment's selector as a `labelSelector` parameter."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[expression["operator"]]
        )
    return ",".join(parts)
