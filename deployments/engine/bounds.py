"""How many pods a rolling update may add or miss."""

from __future__ import annotations

from deployments.engine.json import Json
from deployments.engine.strategies import Amount

DEFAULT: Amount = "25%"


def surge_of(deployment: Json, replicas: int, asked: Amount | None = None) -> int:
    """maxSurge in pods, percentages rounded up (Kubernetes API, RollingUpdateDeployment)."""
    return _pods(asked, deployment, "maxSurge", replicas, up=True)


def unavailable_of(deployment: Json, replicas: int, asked: Amount | None = None) -> int:
    """maxUnavailable in pods, percentages rounded down; 1 when both bounds come to 0, as the controller does
    (`deployment/util`, ResolveFenceposts)."""
    down = _pods(asked, deployment, "maxUnavailable", replicas, up=False)
    return down if down or surge_of(deployment, replicas) else 1


def _pods(asked: Amount | None, deployment: Json, name: str, replicas: int, *, up: bool) -> int:
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0 if up else replicas
    amount = (strategy.get("rollingUpdate") or {}).get(name, DEFAULT) if asked is None else asked
    if isinstance(amount, int):
        return amount
    percent = int(str(amount).rstrip("%") or 0)
    return -(-replicas * percent // 100) if up else replicas * percent // 100
