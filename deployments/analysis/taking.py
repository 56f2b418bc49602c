"""Takes one measurement: asks Prometheus (or looks at the Pods), and has the engine judge what came back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils import translation
from django.utils.translation import gettext as _

from clusters.connection.breaker import Breaker
from clusters.errors import ClusterUnreachable, PrometheusMissing, PrometheusRefused, PrometheusUnreachable
from clusters.models import Cluster
from clusters.prometheus import Prometheus, prometheus_of
from clusters.promql import BadQuery
from deployments.analysis.filling import Where, compares_both, filled, tells_versions_apart
from deployments.engine.judge import (
    AGAINST_STABLE,
    RESTARTS,
    Judged,
    could_not_measure,
    judge_counts,
    judge_value,
)
from deployments.engine.proportions import Share
from deployments.engine.strategies import AnalysisTemplate

DEADLINE_SECONDS = 3.0

Restarts = Callable[[tuple[str, ...]], float | None]
"""Answers how often the containers of these ReplicaSets' Pods have restarted, None where none is seen."""


@dataclass(frozen=True)
class Taken:
    """One measurement as it came out. `query` is what was sent for the value; `refused` says why the query itself can
    never be answered with one value, "" where it can."""

    judged: Judged
    query: str = ""
    value: float | None = None
    stable_value: float | None = None
    samples: float | None = None
    stable_samples: float | None = None
    refused: str = ""


class ManySeries(Exception):
    """A query gave more than one series, so that it is not known which of them is meant."""

    def __init__(self, count: int) -> None:
        super().__init__(_("the query gives %(count)d series; one is needed: put sum() around it") % {"count": count})


def take(
    template: AnalysisTemplate,
    cluster: Cluster,
    where: Where,
    restarts: Restarts,
    *,
    look: int = 1,
    planned: int | None = 1,
) -> Taken:
    """One measurement of a template, within DEADLINE_SECONDS. Never raises for what a Prometheus can answer."""
    if template.compare == RESTARTS:
        value = restarts(where.new)
        return Taken(judge_value(template, value, None), value=value, stable_value=restarts(where.old))
    # The words are kept with the measurement and sent to machines.
    with translation.override("en"):
        try:
            ask = _Asking(prometheus_of(cluster), time.monotonic() + DEADLINE_SECONDS, spares=look > 1)
            if template.compare == AGAINST_STABLE:
                return _compared(template, where, ask, look, planned)
            return _measured(template, where, ask)
        except (ClusterUnreachable, PrometheusMissing, PrometheusUnreachable) as error:
            return Taken(could_not_measure(error.detail), query=_readable(template, where))
        except (PrometheusRefused, BadQuery, ManySeries) as error:
            words = str(error)
            return Taken(could_not_measure(words), query=_readable(template, where), refused=words)


@dataclass(frozen=True)
class _Asking:
    """One Prometheus and the time by which all questions of one measurement are answered.

    `spares`: one that does not answer is left alone. A run's first look asks all the same: a person who has it measured
    anew has perhaps just mended Prometheus.
    """

    prometheus: Prometheus
    until: float
    spares: bool

    def one(self, query: str) -> float | None:
        """The value of the only series, None where there is none. Raises ManySeries.

        A Prometheus that has not answered three times in a row is left alone for seconds (ClusterUnreachable), so that
        it does not hold the threads in which other releases are ticked.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise PrometheusUnreachable(
                self.prometheus.cluster,
                _("Prometheus did not answer within %(seconds)d s") % {"seconds": DEADLINE_SECONDS},
                step="request",
            )
        breaker = _breaker(self.prometheus.cluster, self.prometheus.url)
        if self.spares:
            breaker.allow()
        try:
            series = replace(self.prometheus, deadline_seconds=left).vector(query)
        except PrometheusUnreachable as error:
            breaker.failed(ClusterUnreachable(self.prometheus.cluster, error.detail))
            raise
        except PrometheusRefused:
            breaker.answered()
            raise
        breaker.answered()
        if len(series) > 1:
            raise ManySeries(len(series))
        return float(series[0]["value"][1]) if series else None

    def if_it_can(self, query: str) -> float | None:
        """The same for what is only shown: whatever goes wrong, there is no value."""
        try:
            return self.one(query)
        except (ClusterUnreachable, PrometheusUnreachable, PrometheusRefused, ManySeries):
            return None


@lru_cache(maxsize=1024)
def _breaker(cluster: str, url: str) -> Breaker:
    """One for each Prometheus and process."""
    return Breaker(f"{cluster}, {url}")


def _measured(template: AnalysisTemplate, where: Where, ask: _Asking) -> Taken:
    query = filled(template.query, template, where)
    value = ask.one(query)
    samples = ask.one(filled(template.samples, template, where)) if template.samples else None
    stable = None
    if where.old and tells_versions_apart(template.query) and not compares_both(template.query):
        stable = ask.if_it_can(filled(template.query, template, where.turned))
    return Taken(judge_value(template, value, samples), query, value, stable, samples)


def _compared(template: AnalysisTemplate, where: Where, ask: _Asking, look: int, planned: int | None) -> Taken:
    """Failed and all requests of both versions, counted over the same time."""
    query = filled(template.query, template, where)
    new = _share(ask.one(query), ask.one(filled(template.samples, template, where)))
    turned = where.turned
    old = _share(ask.one(filled(template.query, template, turned)), ask.one(filled(template.samples, template, turned)))
    judged = judge_counts(template, new, old, look, planned)
    return Taken(
        judged,
        query,
        new.value if new.total > 0 else None,
        old.value if old.total > 0 else None,
        new.total,
        old.total,
    )


def _share(failed: float | None, total: float | None) -> Share:
    """Counts from `increase`, which Prometheus extrapolates to the edges of the window for each series by itself."""
    everything = total or 0.0
    return Share(min(failed or 0.0, everything), everything)


def _readable(template: AnalysisTemplate, where: Where) -> str:
    try:
        return filled(template.query, template, where)
    except BadQuery:
        return template.query
