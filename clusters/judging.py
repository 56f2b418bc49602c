"""How a Deployment is, judged by its slim row alone. Pure; kept in a column, so that lists can be filtered by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Judged = Literal["down", "degraded", "unknown", "progressing", "scaled_to_zero", "healthy"]


def judge(slim: Mapping[str, Any]) -> Judged:
    """The state that was seen. Order matters: a rollout that is under way explains missing Pods, unless it is stuck."""
    if "bad" in slim:
        return "unknown"
    desired, ready = int(slim["desired"]), int(slim["ready"])
    if desired == 0:
        return "scaled_to_zero"
    if is_rolling(slim) and not has_stuck(slim):
        return "progressing"
    if ready == 0:
        return "down"
    return "degraded" if ready < desired or has_stuck(slim) else "healthy"


def is_rolling(slim: Mapping[str, Any]) -> bool:
    """Whether the Deployment's Pods are not all of its newest template yet."""
    updated = int(slim["updated"])
    return (
        int(slim["observed_generation"]) < int(slim["generation"])
        or updated < int(slim["desired"])
        or int(slim["replicas"]) > updated
    )


def has_stuck(slim: Mapping[str, Any]) -> bool:
    """Whether the Deployment controller says that the rollout exceeded its deadline."""
    condition = (slim.get("conditions") or {}).get("Progressing") or {}
    return bool(condition.get("reason") == "ProgressDeadlineExceeded")
