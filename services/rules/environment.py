"""What may stand in an Environment's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from services.models import Colour
from services.rules.findings import Check, Findings, escaped
from services.rules.freeze_windows import checked_windows
from services.rules.promotion import checked_promotion
from services.rules.strategy import checked_strategy

FIELDS = {"name", "title", "order", "protected", "approvals", "freeze_windows", "strategy", "promotion", "colour"}


def checked_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields of an Environment, cleaned. Raises Invalid with every finding."""
    findings = Findings()
    checks: dict[str, Check] = {
        "name": findings.name,
        "title": lambda pointer, value: findings.text(pointer, value, longest=120),
        "order": lambda pointer, value: findings.whole_number(pointer, value, least=0, most=10_000),
        "protected": lambda pointer, value: _flag(findings, pointer, value),
        "approvals": lambda pointer, value: _approvals(findings, pointer, value),
        "freeze_windows": lambda pointer, value: checked_windows(findings, pointer, value),
        "strategy": lambda pointer, value: checked_strategy(findings, pointer, value),
        "promotion": lambda pointer, value: checked_promotion(findings, pointer, value),
        "colour": lambda pointer, value: findings.choice(pointer, value, list(Colour.values)),
    }
    clean: dict[str, Any] = {}
    for field, value in values.items():
        if field in checks:
            clean[field] = checks[field](f"/{field}", value)
        else:
            findings.add(f"/{escaped(field)}", "unknown_field", _("An environment has no such field."))
    if clean.get("name") == "new":
        findings.add("/name", "reserved", _("“new” is an address of the portal itself."))
    findings.raise_if_any()
    return clean


def _flag(findings: Findings, pointer: str, value: Any) -> bool:
    if not isinstance(value, bool):
        findings.add(pointer, "type", _("This is true or false."))
        return False
    return value


def _approvals(findings: Findings, pointer: str, value: Any) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    for index, rule in enumerate(findings.items(pointer, value, most=10)):
        here = f"{pointer}/{index}"
        members = findings.members(here, rule, known={"team", "count"})
        team = findings.name(f"{here}/team", members.get("team", ""))
        count = findings.whole_number(f"{here}/count", members.get("count", 1), least=1, most=20)
        if team in {known["team"] for known in rules}:
            findings.add(f"{here}/team", "twice", _("This team has a rule already."))
        rules.append({"team": team, "count": count})
    return rules
