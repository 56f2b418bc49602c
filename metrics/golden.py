"""The golden signals as PromQL, and the selectors they are asked for. The one place to change a metric's name.

`$of` stands for the labels that select the series, `$w` for the time that a rate looks back over, `$by` for the labels
to sum by ("" or "by (namespace)"), `$at` for a fixed time ("" or "@ end()").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Template

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clusters.promql import as_regex, quoted

# Long enough for two samples at Prometheus' usual 15 and 30 s; where it scrapes each minute, set it to 150.
RATE_SECONDS = int(os.environ.get("SLIPWAY_RATE_SECONDS", "60"))

# Of such letters Kubernetes makes a ReplicaSet's hash and the ending of a Pod's name: no vowels, so that the Pods of
# `shop` are told from those of `shop-api`.
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
_LONGEST_POD_BASE = 58
_HASH_AND_DASH = 11


@dataclass(frozen=True)
class Signal:
    """One thing to know. `metric` is what must be there for it; `unit` is a word of metrics.numbers."""

    name: str
    title: str | Promise
    unit: str
    metric: str
    query: Template

    def promql(self, of: str, *, step_seconds: int) -> str:
        """One line for all series that `of` selects, where a point stands for `step_seconds`."""
        return self._filled(of, step_seconds, by="", at="")

    def promql_by(self, label: str, of: str, *, step_seconds: int, most: int) -> str:
        """A line for each value of the label, only those that are the `most` largest at the end of the time."""
        by = f"by ({label})"
        lines = self._filled(of, step_seconds, by=by, at="")
        largest = self._filled(of, step_seconds, by=by, at="@ end()")
        return f"({lines}) and on ({label}) topk({most}, {largest})"

    def _filled(self, of: str, step_seconds: int, *, by: str, at: str) -> str:
        window = f"{max(RATE_SECONDS, 2 * step_seconds)}s"
        return self.query.substitute(of=of, w=window, by=by, at=at)


_REQUESTS = "sum $by (rate(http_requests_total{$of}[$w] $at))"
_FAILED = 'sum $by (rate(http_requests_total{$of,code=~"5.."}[$w] $at))'
# Where nothing failed there is no series of failures, and the ratio is 0, not unknown.
_ERRORS = f"({_FAILED} or 0 * {_REQUESTS}) / {_REQUESTS}"
_LATENCY = "histogram_quantile(%s, sum by (le) (rate(http_request_duration_seconds_bucket{$of}[$w] $at)))"
# The kubelet also reports whole Pods (container="") and their sandboxes; where it names containers, those are summed.
_CPU = "sum $by (rate(container_cpu_usage_seconds_total{$of%s}[$w] $at))"
_MEMORY = "sum $by (container_memory_working_set_bytes{$of%s} $at)"
_NAMED = ',container!="",container!="POD"'

REQUEST_RATE = Signal("request_rate", _("Requests"), "per_second", "http_requests_total", Template(_REQUESTS))
ERROR_RATIO = Signal("error_ratio", _("Errors"), "ratio", "http_requests_total", Template(_ERRORS))
LATENCY_P50, LATENCY_P95, LATENCY_P99 = (
    Signal(f"latency_{name}", name, "seconds", "http_request_duration_seconds_bucket", Template(_LATENCY % quantile))
    for name, quantile in (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99"))
)
CPU = Signal(
    "cpu",
    _("CPU, cores"),
    "cores",
    "container_cpu_usage_seconds_total",
    Template(f"{_CPU % _NAMED} or {_CPU % ''}"),
)
MEMORY = Signal(
    "memory",
    _("Memory"),
    "bytes",
    "container_memory_working_set_bytes",
    Template(f"{_MEMORY % _NAMED} or {_MEMORY % ''}"),
)
SIGNALS = (REQUEST_RATE, ERROR_RATIO, LATENCY_P50, LATENCY_P95, LATENCY_P99, CPU, MEMORY)


def pods_of(namespace: str, workload: str) -> str:
    """Selects the Pods of a Deployment by their names, which tell it also when the Deployment is gone."""
    if len(workload) > _LONGEST_POD_BASE - _HASH_AND_DASH:
        # Kubernetes cuts such names before it adds the Pod's own letters, so the hash is whole no more.
        names = f"{as_regex(workload[:_LONGEST_POD_BASE])}(-|{_LETTERS}){{5,17}}"
    else:
        names = f"{as_regex(workload)}-{_LETTERS}{{1,10}}-{_LETTERS}{{5}}"
    return _labels({"namespace=": namespace, "pod=~": names})


def pods_of_sets(namespace: str, replica_sets: Iterable[str]) -> str:
    """Selects the Pods of these ReplicaSets."""
    return _labels({"namespace=": namespace, "pod=~": _pods(replica_sets)})


def other_pods(namespace: str, workload: str, replica_sets: Iterable[str]) -> str:
    """Selects the Pods of a Deployment that are of none of these ReplicaSets."""
    return f"{pods_of(namespace, workload)},{_labels({'pod!~': _pods(replica_sets)})}"


def everywhere() -> str:
    """Selects what belongs to any namespace."""
    return _labels({"namespace=~": ".+"})


def _pods(replica_sets: Iterable[str]) -> str:
    return "|".join(f"{as_regex(f'{name}-'[:_LONGEST_POD_BASE])}{_LETTERS}{{5}}" for name in sorted(replica_sets))


def _labels(matchers: Mapping[str, str]) -> str:
    return ",".join(f"{label}{quoted(value)}" for label, value in matchers.items())
