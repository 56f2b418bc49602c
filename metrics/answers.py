"""Asks a Prometheus several things at once, keeps the answers for seconds, and bounds what comes back.

What is kept is found again only by the same cluster, address, query and time. A query holds the namespaces that it was
forced to, so that what one person was answered is never given to another who may see less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from clusters.errors import PrometheusMissing, PrometheusRefused, PrometheusUnreachable
from clusters.models import Cluster
from clusters.prometheus import Prometheus, prometheus_of
from metrics.windows import Window

KEPT_SECONDS = 10
# A dead Prometheus costs its deadline once in this time, not once for every panel and reader.
FAILURE_KEPT_SECONDS = 5
MOST_SERIES = 100

_asking = ThreadPoolExecutor(max_workers=16, thread_name_prefix="prometheus")


@dataclass(frozen=True)
class Answer:
    """The series of one query, or why there are none. `series` are Prometheus' own, `left_out` counts those cut off."""

    series: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Answers:
    """By the names that were asked for. `trouble` says why the Prometheus as a whole told nothing."""

    by_name: Mapping[str, Answer]
    as_of: datetime
    trouble: str = ""
    next: str = ""


def ask(cluster: Cluster, queries: Mapping[str, str], window: Window) -> Answers:
    """All the queries, side by side, each within its deadline. Never raises for what Prometheus does."""
    now = timezone.now()
    try:
        prometheus = prometheus_of(cluster)
    except PrometheusMissing as missing:
        return Answers({name: Answer() for name in queries}, now, missing.detail, missing.next)
    if refusal := cache.get(_key(prometheus, "down")):
        return Answers({name: Answer() for name in queries}, now, *refusal)
    try:
        found = _all_of(prometheus, queries, window)
    except PrometheusUnreachable as error:
        cache.set(_key(prometheus, "down"), (error.detail, error.next), FAILURE_KEPT_SECONDS)
        return Answers({name: Answer() for name in queries}, now, error.detail, error.next)
    return Answers(
        {name: answer for name, (answer, _at) in found.items()}, min([now, *(at for _, at in found.values())])
    )


def ask_one(cluster: Cluster, query: str, window: Window) -> tuple[Answer, datetime]:
    """One query, and when its answer was given. Raises PrometheusMissing, PrometheusUnreachable, PrometheusRefused."""
    return _kept_or_asked(prometheus_of(cluster), query, window)


def why_nothing(answers: Answers, answer: Answer, what: str) -> str:
    """Why an answer holds no series, as a sentence; "" when it holds some. `what` is what was looked for."""
    if answer.series:
        return ""
    return answers.trouble or answer.trouble or _("Prometheus has no series for %(what)s.") % {"what": what}


def _all_of(prometheus: Prometheus, queries: Mapping[str, str], window: Window) -> dict[str, tuple[Answer, datetime]]:
    """The first is asked in the caller's thread: a Prometheus that is dead never holds the threads that all share."""
    (first, query), *others = queries.items()
    found = {first: _told(prometheus, query, window)}
    waiting = {name: _asking.submit(copy_context().run, _told, prometheus, query, window) for name, query in others}
    for name, future in waiting.items():
        try:
            found[name] = future.result(timeout=2 * prometheus.deadline_seconds)
        except TimeoutError as error:
            raise PrometheusUnreachable(
                prometheus.cluster, _("Prometheus did not answer in time"), step="request"
            ) from error
    return found


def _told(prometheus: Prometheus, query: str, window: Window) -> tuple[Answer, datetime]:
    """The answer, a refusal being one. Raises PrometheusUnreachable."""
    try:
        return _kept_or_asked(prometheus, query, window)
    except PrometheusRefused as error:
        return Answer(trouble=error.detail), datetime.now(UTC)


def _kept_or_asked(prometheus: Prometheus, query: str, window: Window) -> tuple[Answer, datetime]:
    key = _key(prometheus, query, str(window.start), str(window.end), str(window.step))
    kept: tuple[Answer, datetime] | None = cache.get(key)
    if kept is None:
        series = prometheus.matrix(query, start=window.start, end=window.end, step=window.step)
        kept = (Answer(series[:MOST_SERIES], max(0, len(series) - MOST_SERIES)), datetime.now(UTC))
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _key(prometheus: Prometheus, *parts: str) -> str:
    whole = "\0".join((prometheus.cluster, prometheus.url, str(prometheus.allow_private), *parts))
    return f"metrics:{hashlib.sha256(whole.encode()).hexdigest()}"
