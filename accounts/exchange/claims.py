"""Pure: whether the claims of a CI job match a rule, and whether a rule pins down whose jobs it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Claims that name one repository or project. A rule without one of them, written out in full, would let every
# project of the CI system in.
PINS: dict[str, tuple[str, ...]] = {
    "github": ("repository", "repository_id", "sub"),
    "gitlab": ("project_path", "project_id", "sub"),
    "other": ("sub", "repository", "repository_id", "project_path", "project_id"),
}
# What the log keeps of a job, where it says it.
TOLD = (
    *("sub", "repository", "project_path", "ref", "ref_type", "sha", "environment"),
    *("workflow", "job_workflow_ref", "run_id", "run_attempt", "actor", "pipeline_id", "job_id", "user_login"),
)
MOST_STARS = 6
LONGEST_VALUE = 1000


def matches(pattern: str, value: Any) -> bool:
    """Whether a claim's value is what the pattern says: `*` is anything but a slash, `**` is anything.

    Of a list one element has to match. A claim that is absent, an object or very long matches nothing.
    """
    if isinstance(value, list):
        return any(matches(pattern, one) for one in value if not isinstance(one, list))
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int) or len(text := str(value)) > LONGEST_VALUE:
        return False
    ends = {0}
    for part in _parts(pattern):
        ends = _ends_after(part, text, ends)
    return len(text) in ends


def unmatched(rule: Mapping[str, str], claims: Mapping[str, Any]) -> list[str]:
    """The claims of the rule that the job does not have as the rule wants them."""
    return [name for name, pattern in rule.items() if not matches(pattern, claims.get(name))]


def pins(provider: str, rule: Mapping[str, str]) -> bool:
    """Whether the rule names one repository or project in full."""
    return any(rule.get(name) and "*" not in rule[name] for name in PINS[provider])


def told(claims: Mapping[str, Any]) -> dict[str, str]:
    """What may be kept of a job's claims: those that say which job it was, cut to a length."""
    return {name: str(claims[name])[:200] for name in TOLD if isinstance(claims.get(name), str | int)}


def _ends_after(part: str, text: str, starts: set[int]) -> set[int]:
    """Where in the text a part of the pattern can end that begins at one of `starts`.

    All of them at once: a regular expression would try one after the other, for hours where a pattern has some stars.
    """
    if not starts:
        return starts
    if part == "**":
        return set(range(min(starts), len(text) + 1))
    if part != "*":
        return {start + len(part) for start in starts if text.startswith(part, start)}
    ends: set[int] = set()
    covered = 0
    for start in sorted(starts):
        slash = text.find("/", start)
        last = len(text) if slash < 0 else slash
        ends.update(range(max(start, covered), last + 1))
        covered = last + 1
    return ends


def _parts(pattern: str) -> list[str]:
    return [part for part in re.split(r"(\*\*|\*)", pattern) if part]
