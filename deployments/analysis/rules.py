"""What may stand in an analysis template: every mistake named at its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from clusters.promql import BadQuery
from deployments.analysis.filling import EXAMPLE, compares_both, filled, tells_versions_apart
from deployments.engine.conditions import ConditionInvalid, check
from deployments.engine.judge import AGAINST_STABLE, RESTARTS
from deployments.engine.strategies import AnalysisTemplate
from services.rules.findings import Check, Findings, escaped

FIELDS = tuple(name for name in AnalysisTemplate.__dataclass_fields__ if name != "name")
DAY = 86_400
_LABEL = re.compile(r"\A[a-zA-Z_][a-zA-Z0-9_]{0,62}\Z")
_NUMBERS = {
    "interval_seconds": (1, DAY),
    "count": (1, 1000),
    "initial_delay_seconds": (0, DAY),
    "failure_limit": (0, 999),
    "inconclusive_limit": (0, 1000),
    "error_limit": (1, 1000),
    "min_samples": (0, 1_000_000_000),
    "window_seconds": (5, DAY),
}
_PARAMETERS = {"margin": (0.0, 1.0), "alpha": (0.0, 0.5)}


def checked_template(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a whole template, cleaned: `name`, `description`, `definition`. Raises Invalid with every finding.

    The PromQL is filled with example names and read by the real parser; nothing is asked of a Prometheus.
    """
    findings = Findings()
    checks: dict[str, Check] = {
        "name": findings.name,
        "description": lambda pointer, value: findings.text(pointer, value, longest=300),
        "query": lambda pointer, value: findings.text(pointer, value, longest=4000),
        "samples": lambda pointer, value: findings.text(pointer, value, longest=4000),
        "version_label": lambda pointer, value: _label(findings, pointer, value),
        "success": lambda pointer, value: _condition(findings, pointer, value),
        "failure": lambda pointer, value: _condition(findings, pointer, value),
        "compare": lambda pointer, value: findings.choice(pointer, value, ["", AGAINST_STABLE, RESTARTS]),
        "on_error": lambda pointer, value: findings.choice(pointer, value, ["pause", "abort"]),
        "dry_run": lambda pointer, value: _flag(findings, pointer, value),
        "parameters": lambda pointer, value: _parameters(findings, pointer, value),
    }
    clean: dict[str, Any] = {}
    for field, value in values.items():
        pointer = f"/{escaped(field)}"
        if field in _NUMBERS:
            least, most = _NUMBERS[field]
            clean[field] = findings.whole_number(pointer, value, least=least, most=most)
        elif field in checks:
            clean[field] = checks[field](pointer, value)
        else:
            findings.add(pointer, "unknown_field", _("An analysis template has no such field."))
    if clean.get("name") == "new":
        findings.add("/name", "reserved", _("“new” is an address of the portal itself."))
    template = AnalysisTemplate.from_json({"name": "", **clean})
    _whole(findings, template)
    findings.raise_if_any()
    definition = {field: value for field, value in template.to_json().items() if field != "name"}
    return {"name": clean.get("name", ""), "description": clean.get("description", ""), "definition": definition}


def _whole(findings: Findings, template: AnalysisTemplate) -> None:
    """What the fields are together."""
    if template.failure_limit >= template.count:
        findings.add(
            "/failure_limit",
            "limit",
            _("The limit of failures (%(limit)d) has to be less than the count of measurements (%(count)d).")
            % {"limit": template.failure_limit, "count": template.count},
        )
    if template.compare == RESTARTS:
        _restarts(findings, template)
        return
    if not template.query:
        findings.add("/query", "required", _("A query is needed."))
    for field in ("query", "samples"):
        _promql(findings, f"/{field}", getattr(template, field), template)
    if template.compare == AGAINST_STABLE:
        _comparison(findings, template)
        return
    if not template.success and not template.failure:
        findings.add("/success", "required", _("Say what counts as success, such as “result >= 0.99”."))
    if template.min_samples and not template.samples:
        findings.add(
            "/samples", "required", _("To ask for so many samples, give the query that counts them (samples).")
        )


def _restarts(findings: Findings, template: AnalysisTemplate) -> None:
    for field in ("query", "samples"):
        if getattr(template, field):
            findings.add(f"/{field}", "not_used", _("Restarts are read from the Pods; there is no query."))
    if not template.success and not template.failure:
        findings.add("/success", "required", _("Say what counts as success, such as “result <= 0”."))


def _comparison(findings: Findings, template: AnalysisTemplate) -> None:
    if not template.samples:
        findings.add("/samples", "required", _("A comparison needs the query that counts all requests (samples)."))
    for field in ("query", "samples"):
        text = getattr(template, field)
        if text and (not tells_versions_apart(text) or compares_both(text)):
            findings.add(
                f"/{field}",
                "one_version",
                _("In a comparison the query names {{canary}} only; it is asked once for each version."),
            )
    for field in ("success", "failure"):
        if getattr(template, field):
            findings.add(f"/{field}", "not_used", _("A comparison is judged by its margin, not by a condition."))


def _promql(findings: Findings, pointer: str, text: str, template: AnalysisTemplate) -> None:
    if not text:
        return
    try:
        filled(text, template, EXAMPLE)
    except BadQuery as error:
        findings.add(pointer, "bad_query", f"{error.detail} {error.next}".strip())


def _condition(findings: Findings, pointer: str, value: Any) -> str:
    text = findings.text(pointer, value, longest=400)
    if not text:
        return ""
    try:
        return check(text)
    except ConditionInvalid as error:
        findings.add(pointer, f"condition_{error.code}", _why(error))
        return ""


def _why(error: ConditionInvalid) -> str:
    words = {
        "too_long": _("A condition has at most 200 characters."),
        "no_result": _("A condition compares “result” with a number, such as “result >= 0.99”."),
        "not_allowed": _(
            "“%(part)s” cannot stand in a condition. It may hold result, numbers, + - * /, comparisons, and, or, not."
        ),
    }
    fallback = _("This is not a condition. Write for example “result >= 0.99 and result < 2”.")
    return words.get(error.code, fallback) % {"part": error.part}


def _label(findings: Findings, pointer: str, value: Any) -> str:
    text = findings.text(pointer, value, longest=63)
    if not _LABEL.match(text):
        findings.add(pointer, "label", _("This is no name of a label; “pod” or for example “pod_template_hash”."))
        return "pod"
    return text


def _flag(findings: Findings, pointer: str, value: Any) -> bool:
    if not isinstance(value, bool):
        findings.add(pointer, "type", _("This is true or false."))
        return False
    return value


def _parameters(findings: Findings, pointer: str, value: Any) -> dict[str, float]:
    clean: dict[str, float] = {}
    for name, number in findings.members(pointer, value, known=set(_PARAMETERS)).items():
        least, most = _PARAMETERS[name]
        is_number = isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        if is_number and least < number < most:
            clean[name] = float(number)
        else:
            findings.add(
                f"{pointer}/{name}",
                "number",
                _("This has to be a number above %(least)s and below %(most)s.") % {"least": least, "most": most},
            )
    return clean
