"""Whether a finding is still the one that somebody took on."""

from __future__ import annotations

import re

from installs.shapes import CheckResult

# Measured values wander: free space, latencies, clocks. Beyond this factor it is another finding.
FACTOR = 2.0
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def is_same_finding(before: CheckResult, now: CheckResult) -> bool:
    """Same status, same severity, and the same words about values that lie near each other."""
    if (before.status, before.severity, before.kubeadm_name) != (now.status, now.severity, now.kubeadm_name):
        return False
    if _NUMBER.sub("#", before.observed) != _NUMBER.sub("#", now.observed):
        return False
    pairs = zip(_NUMBER.findall(before.observed), _NUMBER.findall(now.observed), strict=True)
    return all(_are_near(float(left), float(right)) for left, right in pairs)


def _are_near(left: float, right: float) -> bool:
    return left == right or (min(left, right) > 0 and max(left, right) <= FACTOR * min(left, right))
