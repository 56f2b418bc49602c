"""Whether a namespace's ResourceQuotas have room for the extra pods of a release, by arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from clusters.quantities import NotAQuantity, quantity
from deployments.engine.json import Json


def needed(pod: Json, pods: int, *, services: int = 0, replica_sets: int = 0) -> dict[str, Decimal]:
    """What so many more of this Pod, as the API server would admit it, count for in a quota, by its resource names."""
    found: dict[str, Decimal] = {"pods": Decimal(pods), "count/pods": Decimal(pods)}
    if services:
        found |= {"services": Decimal(services), "count/services": Decimal(services)}
    if replica_sets:
        found["count/replicasets.apps"] = Decimal(replica_sets)
    spec = pod.get("spec") or {}
    for field in ("requests", "limits"):
        for resource, amount in _effective(spec, field).items():
            found[f"{field}.{resource}"] = amount * pods
            if field == "requests":
                # A quota may name a request by the resource alone.
                found[resource] = amount * pods
    return found


def shortages(quotas: Iterable[Json], wanted: Mapping[str, Decimal]) -> list[str]:
    """A line for each resource of which a quota has less than is wanted; scoped quotas are left to the API server."""
    lines = []
    for quota in quotas:
        spec, status = quota.get("spec") or {}, quota.get("status") or {}
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        used = status.get("used") or {}
        for resource, hard in (status.get("hard") or spec.get("hard") or {}).items():
            if resource not in wanted:
                continue
            try:
                free = quantity(hard) - quantity(used.get(resource))
            except NotAQuantity:
                continue
            if wanted[resource] > free:
                name = quota["metadata"]["name"]
                lines.append(f"{name}: {resource} {_plain(wanted[resource])} > {_plain(max(free, Decimal(0)))}")
    return lines


def _effective(spec: Json, field: str) -> dict[str, Decimal]:
    """What a Pod is counted with: the sum of its containers, or of its largest init container if that is more
    (Kubernetes, Resource Management for Pods and Containers)."""
    total: dict[str, Decimal] = {}
    for container in spec.get("containers") or []:
        for resource, amount in _amounts(container, field).items():
            total[resource] = total.get(resource, Decimal(0)) + amount
    for container in spec.get("initContainers") or []:
        amounts = _amounts(container, field)
        for resource, amount in amounts.items():
            if container.get("restartPolicy") == "Always":
                total[resource] = total.get(resource, Decimal(0)) + amount
            else:
                total[resource] = max(total.get(resource, Decimal(0)), amount)
    for resource, amount in _read((spec.get("overhead") or {}) if field == "requests" else {}).items():
        total[resource] = total.get(resource, Decimal(0)) + amount
    return total


def _amounts(container: Json, field: str) -> dict[str, Decimal]:
    return _read((container.get("resources") or {}).get(field) or {})


def _read(amounts: Json) -> dict[str, Decimal]:
    found = {}
    for resource, amount in amounts.items():
        try:
            found[resource] = quantity(amount)
        except NotAQuantity:
            continue
    return found


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
