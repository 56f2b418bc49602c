"""The analysis templates that every Slipway has. They ask for the metrics that HTTP services commonly export."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.engine import strategies
from deployments.engine.judge import AGAINST_STABLE, RESTARTS
from deployments.models import AnalysisTemplate

_OF = 'namespace="{{namespace}}",pod=~"{{canary}}"'
_ALL = f"sum(rate(http_requests_total{{{_OF}}}[{{{{window}}}}]))"
# Where nothing failed there may be no series of failures, and then the share is 0, not unknown.
_FAILED = f'(sum(rate(http_requests_total{{{_OF},code=~"5.."}}[{{{{window}}}}])) or vector(0))'
_COUNT = f"sum(increase(http_requests_total{{{_OF}}}[{{{{window}}}}]))"
_COUNT_FAILED = f'sum(increase(http_requests_total{{{_OF},code=~"5.."}}[{{{{window}}}}])) or vector(0)'
_LATENCY = (
    f"histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{{{_OF}}}[{{{{window}}}}])))"
)
_COUNT_TIMED = f'sum(increase(http_request_duration_seconds_bucket{{{_OF},le="+Inf"}}[{{{{window}}}}]))'
# Of an objective of 99.9 % a month's budget is gone in two days at 14.4 times the rate (Google, The Site Reliability
# Workbook, chapter 5, Alerting on SLOs).
_BURN = f"({_FAILED} / {_ALL}) / (1 - 0.999)"

TEMPLATES: dict[str, strategies.AnalysisTemplate] = {
    one.name: one
    for one in (
        strategies.AnalysisTemplate(
            "success-rate",
            query=f"1 - {_FAILED} / {_ALL}",
            samples=_COUNT,
            success="result >= 0.99",
            interval_seconds=10,
            count=3,
            failure_limit=1,
            min_samples=30,
        ),
        strategies.AnalysisTemplate(
            "latency-p99",
            query=_LATENCY,
            samples=_COUNT_TIMED,
            success="result < 1",
            interval_seconds=10,
            count=3,
            failure_limit=1,
            min_samples=100,
        ),
        strategies.AnalysisTemplate(
            AGAINST_STABLE,
            query=_COUNT_FAILED,
            samples=_COUNT,
            compare=AGAINST_STABLE,
            interval_seconds=15,
            count=3,
            # The first looks are often open: it takes some 500 requests to see that a share is below 1 %.
            inconclusive_limit=12,
            min_samples=50,
            parameters={"margin": 0.01},
        ),
        strategies.AnalysisTemplate(RESTARTS, compare=RESTARTS, success="result <= 0", interval_seconds=10, count=3),
        strategies.AnalysisTemplate(
            "error-budget-burn",
            query=_BURN,
            samples=_COUNT,
            success="result < 14.4",
            interval_seconds=30,
            count=3,
            failure_limit=1,
            min_samples=30,
        ),
    )
}

DESCRIPTIONS: dict[str, str | Promise] = {
    "success-rate": _("At least 99 % of the requests of the new version succeed (no status 5xx)."),
    "latency-p99": _("99 % of the requests of the new version are answered within 1 s."),
    AGAINST_STABLE: _(
        "The new version fails at most 1 percentage point more often than the old one does in the same time: "
        "Newcombe's interval, two looks in a row to abort."
    ),
    RESTARTS: _("No container of the new version has restarted."),
    "error-budget-burn": _("The new version burns the error budget of 99.9 % less than 14.4 times as fast as allowed."),
}


def keep_rows(using: str = "default", **_kwargs: Any) -> None:
    """Receiver of post_migrate: a row for each built-in template, as this version has them; those it lacks go.

    A template that people made before a built-in one got its name stays theirs, and is used no more.
    """
    if AnalysisTemplate._meta.db_table not in connections[using].introspection.table_names():
        return
    rows = AnalysisTemplate.objects.using(using)
    rows.filter(built_in=True).exclude(name__in=TEMPLATES).delete()
    taken = set(rows.filter(built_in=False, name__in=TEMPLATES).values_list("name", flat=True))
    for name, one in TEMPLATES.items():
        definition = {field: value for field, value in one.to_json().items() if field != "name"}
        if name not in taken:
            rows.update_or_create(name=name, defaults={"team": None, "built_in": True, "definition": definition})
