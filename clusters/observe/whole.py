"""Which objects are kept with all fields: a workload under release, its ReplicaSets and Pods, and the Services that
pick its Pods with their EndpointSlices. Of an Event the slim row says everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from clusters.observe.objects import trimmed
from clusters.observe.slim.network import SERVICE_NAME
from clusters.observe.slim.parts import Malformed, mapping, texts

if TYPE_CHECKING:
    from clusters.observe.objects import SeenObject
    from clusters.observe.slim.parts import Raw


CLAIM = "slipway.dev/release"
HASH = "pod-template-hash"


class Workload(NamedTuple):
    namespace: str
    name: str


@dataclass
class KeptWhole:
    """The workloads of one cluster that KeepWhole rows name, and those that carry a release's claim: its first write
    often comes before the row is read."""

    workloads: frozenset[Workload] = frozenset()
    _claimed: set[Workload] = field(default_factory=set)
    # A ReplicaSet that a Deployment adopted is not named after it: its pods are known by its uid.
    _replica_sets: dict[str, Workload] = field(default_factory=dict)
    # Which Services are a workload's is known once it was seen itself.
    _pod_labels: dict[Workload, dict[str, str]] = field(default_factory=dict)
    _selectors: dict[Workload, dict[str, str]] = field(default_factory=dict)

    def replace(self, workloads: Iterable[Workload]) -> tuple[frozenset[Workload], frozenset[Workload]]:
        """Take over what the rows say now; answers what came and what went."""
        now = frozenset(workloads)
        came, went = now - self.workloads, self.workloads - now
        self.workloads = now
        if not now and not self._claimed:
            self._selectors.clear()
        self._forget(went - self._claimed)
        return came, went

    def as_rows_say(self) -> KeptWhole:
        """A copy for another thread, without those that are only claimed."""
        return KeptWhole(
            self.workloads,
            _replica_sets=dict(self._replica_sets),
            _pod_labels=dict(self._pod_labels),
            _selectors=dict(self._selectors),
        )

    def whole_of(self, seen: SeenObject, raw: Raw) -> Raw | None:
        """The object as it is to be kept, None where the slim form is enough."""
        if seen.bad:
            return None
        if seen.kind == "Deployment":
            self._note_claim(seen)
        if not self.workloads and not self._claimed:
            return None
        if seen.kind == "Service" and any(workload.namespace == seen.namespace for workload in self.workloads):
            self._selectors[Workload(seen.namespace, seen.name)] = _selector(seen)
        if not self.wants(seen):
            return None
        self.learn(seen.kind, seen.namespace, raw)
        return trimmed(seen.kind, raw)

    def learn(self, kind: str, namespace: str, raw: Raw) -> None:
        """Note of an object that is kept whole by what others are known to belong to it."""
        metadata = raw["metadata"]
        if kind == "ReplicaSet":
            owner = next(one for one in metadata["ownerReferences"] if one.get("controller"))
            self._replica_sets[metadata["uid"]] = Workload(namespace, owner["name"])
        if kind == "Deployment":
            self._pod_labels[Workload(namespace, metadata["name"])] = pod_labels(raw)
        if kind == "Service":
            self._selectors[Workload(namespace, metadata["name"])] = (raw.get("spec") or {}).get("selector") or {}

    def _note_claim(self, deployment: SeenObject) -> None:
        workload = Workload(deployment.namespace, deployment.name)
        if CLAIM in (deployment.labels or {}):
            self._claimed.add(workload)
        elif workload in self._claimed:
            self._claimed.discard(workload)
            if workload not in self.workloads:
                self._forget({workload})

    def _forget(self, gone: Collection[Workload]) -> None:
        for workload in gone:
            self._pod_labels.pop(workload, None)
        self._replica_sets = {uid: owner for uid, owner in self._replica_sets.items() if owner not in gone}

    def wants(self, seen: SeenObject) -> bool:
        """Whether the object belongs to a workload that is kept whole."""
        namespace = seen.namespace
        if seen.kind == "Deployment":
            return self._names(namespace, seen.name)
        if seen.kind == "ReplicaSet":
            return seen.owner_kind == "Deployment" and self._names(namespace, seen.owner_name)
        if seen.kind == "Pod":
            owner = seen.owner_name.rpartition("-")[0]
            adopted = self._replica_sets.get(seen.owner_uid)
            is_of = self._names(namespace, owner) or (adopted is not None and self._names(*adopted))
            return seen.owner_kind == "ReplicaSet" and is_of
        if seen.kind == "Service":
            return CLAIM in (seen.labels or {}) or self._picks(namespace, _selector(seen))
        if seen.kind == "EndpointSlice":
            service = Workload(namespace, (seen.labels or {}).get(SERVICE_NAME, ""))
            return self._picks(namespace, self._selectors.get(service, {}))
        return False

    def _names(self, namespace: str, name: str) -> bool:
        workload = Workload(namespace, name)
        return workload in self.workloads or workload in self._claimed

    def _picks(self, namespace: str, selector: dict[str, str]) -> bool:
        """Whether a Service picks Pods of a workload that is kept whole, all of them or one ReplicaSet's."""
        return any(
            workload.namespace == namespace and selects(selector, labels)
            for workload, labels in self._pod_labels.items()
        )


def selects(selector: Mapping[str, str], pod_labels: Mapping[str, str]) -> bool:
    """Whether a Service's selector picks Pods with these labels, pinned to one of their ReplicaSets or not. An empty
    selector picks none."""
    own = {key: value for key, value in selector.items() if key != HASH}
    return bool(own) and own.items() <= pod_labels.items()


def _selector(service: SeenObject) -> dict[str, str]:
    selector: dict[str, str] = (service.slim or {}).get("selector") or {}
    return selector


def pod_labels(deployment: Raw) -> dict[str, str]:
    """The labels of a Deployment's Pods by its template; none where that cannot be read."""
    try:
        return texts(mapping(mapping(mapping(deployment, "spec"), "template"), "metadata"), "labels")
    except Malformed:
        return {}


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
