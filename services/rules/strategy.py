"""What may stand as the default strategy of a Target or an Environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from services.rules.findings import Findings

STRATEGIES = ["rolling", "canary", "blue_green"]

strategy_checks: list[Callable[[Any], list[tuple[str, str]]]] = []
"""How the room that carries strategies out judges one: `(pointer below the strategy, what is wrong)` per finding."""


def checked_strategy(findings: Findings, pointer: str, value: Any) -> dict[str, Any] | None:
    """A strategy as an object, or None for no default; a bare name stands for that type. Notes every finding."""
    if value is None or value == "":
        return None
    strategy = {"type": value} if isinstance(value, str) else value
    if not isinstance(strategy, dict) or strategy.get("type") not in STRATEGIES:
        findings.add(
            f"{pointer}/type" if isinstance(value, dict) else pointer,
            "choice",
            _("A strategy is of type %(types)s.") % {"types": ", ".join(STRATEGIES)},
        )
        return None
    for check in strategy_checks:
        for below, detail in check(strategy):
            findings.add(f"{pointer}{below}", "strategy", detail)
    return strategy
