"""What may stand in a Target's row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from services.models import Target
from services.rules.findings import Check, Findings, escaped

IDENTITY = {"environment", "cluster", "namespace", "workload", "kind"}
EDITABLE = {"container", "kubernetes_service", "strategy"}
STRATEGIES = ["rolling", "canary", "blue_green"]
_SUBDOMAIN = re.compile(r"\A[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z")

strategy_checks: list[Callable[[Any], list[tuple[str, str]]]] = []
"""How the room that carries strategies out judges one: `(pointer below the strategy, what is wrong)` per finding."""


def checked_target(values: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields of a Target, cleaned; cluster and environment stay names. Raises Invalid with every finding."""
    findings = Findings()
    checks: dict[str, Check] = {
        "environment": findings.name,
        "cluster": findings.name,
        "namespace": findings.name,
        "workload": lambda pointer, value: _subdomain(findings, pointer, value),
        "kind": lambda pointer, value: findings.choice(pointer, value, list(Target.Kind.values)),
        "container": lambda pointer, value: findings.name(pointer, value, required=False),
        "kubernetes_service": lambda pointer, value: findings.name(pointer, value, required=False),
        "strategy": lambda pointer, value: _strategy(findings, pointer, value),
    }
    clean: dict[str, Any] = {}
    for field, value in values.items():
        if field in checks:
            clean[field] = checks[field](f"/{field}", value)
        else:
            findings.add(f"/{escaped(field)}", "unknown_field", _("A target has no such field."))
    findings.raise_if_any()
    return clean


def _subdomain(findings: Findings, pointer: str, value: Any) -> str:
    if isinstance(value, str) and _SUBDOMAIN.match(value):
        return value
    if value == "":
        findings.add(pointer, "required", _("Name the workload."))
    else:
        findings.add(
            pointer,
            "name",
            _("A workload is named by up to 253 lower-case letters, digits, hyphens and dots."),
        )
    return ""


def _strategy(findings: Findings, pointer: str, value: Any) -> dict[str, Any] | None:
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
