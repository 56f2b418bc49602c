"""What may stand in a Target's row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from services.models import Target
from services.rules.findings import Check, Findings, escaped
from services.rules.strategy import checked_strategy

IDENTITY = {"environment", "cluster", "namespace", "workload", "kind"}
EDITABLE = {"container", "kubernetes_service", "strategy"}
_SUBDOMAIN = re.compile(r"\A[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z")


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
        "strategy": lambda pointer, value: checked_strategy(findings, pointer, value),
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
