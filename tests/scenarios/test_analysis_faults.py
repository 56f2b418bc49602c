"""A Prometheus that is down, slow, answers NaN, answers nothing, answers nonsense: never taken for a success."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Team
from audit.models import Entry
from clusters.models import Cluster
from deployments.analysis.measuring import measure
from deployments.commands import retry_release
from deployments.commands.promote import promote_release
from deployments.models import AnalysisTemplate, Measurement, Release
from deployments.plan import Wish, plan_release
from tests.scenarios.conftest import IMAGE, Workload
from tests.scenarios.prometheus_relay import PrometheusRelay
from tests.scenarios.test_analysis import canary, ended, play

ALIVE = {
    "query": 'sum(http_requests_total{pod=~"{{canary}}"}) >= bool 0',
    "success": "result == 1",
    "window_seconds": 5,
    "count": 2,
    "inconclusive_limit": 1,
    "error_limit": 2,
}


@pytest.fixture
def relay(cluster: Cluster, sandbox_cluster: Any, payments: Team) -> Iterator[PrometheusRelay]:
    """The sandbox's Prometheus behind a relay, and a template that passes as soon as the new version shows at all."""
    relay = PrometheusRelay(sandbox_cluster.prometheus_url)
    cluster.prometheus_url = relay.url
    cluster.save()
    AnalysisTemplate.objects.create(name="alive", team=payments, definition=ALIVE)
    yield relay
    relay.close()


def at_analysis(release: Release) -> Release:
    return play(release, lambda one: one.phase == "Analysing" and one.state["runs"])


@pytest.mark.slow
def test_what_comes_back_is_a_measurement_but_no_success(relay: PrometheusRelay, web: Workload) -> None:
    release = at_analysis(web.deploy("1.1", strategy=canary("alive")))
    expected = {
        "nan": ("Inconclusive", "nan"),
        "infinite": ("Inconclusive", "inf"),
        "nothing": ("Inconclusive", "no data"),
        "down": ("Error", "prometheus"),
        "slow": ("Error", "in time"),
        "many": ("Error", "10000 series"),
        "matrix": ("Error", "series over time"),
        "login page": ("Error", "not with an answer of prometheus"),
    }
    for number, (mode, (status, words)) in enumerate(expected.items(), 1):
        relay.mode = mode
        measure(release.pk, "tried", "alive", number)
        row = Measurement.objects.get(release=release, run="tried", number=number)
        assert row.status == status, mode
        assert words in row.sentence.lower(), mode
        assert row.query, mode


@pytest.mark.slow
def test_a_dead_prometheus_is_soon_left_alone(relay: PrometheusRelay, web: Workload) -> None:
    """Three time-outs, then none for a while: other releases share the worker's threads."""
    release = at_analysis(web.deploy("1.1", strategy=canary("alive")))
    relay.mode = "slow"
    for number in (1, 2, 3):
        measure(release.pk, "tried", "alive", number)
    began = time.monotonic()
    for number in (4, 5, 6):
        measure(release.pk, "tried", "alive", number)
    assert time.monotonic() - began < 2
    words = [row.sentence for row in Measurement.objects.filter(run="tried", number__gt=3)]
    assert all("not asked" in one for one in words)


@pytest.mark.slow
def test_measured_twice_is_stored_once_and_after_the_end_not_at_all(relay: PrometheusRelay, web: Workload) -> None:
    release = at_analysis(web.deploy("1.1", strategy=canary("alive")))
    relay.mode = "nan"
    measure(release.pk, "tried", "alive", 1)
    relay.mode = "nothing"
    measure(release.pk, "tried", "alive", 1)
    assert "nan" in Measurement.objects.get(release=release, run="tried").sentence

    Release.objects.filter(pk=release.pk).update(ended=True)
    measure(release.pk, "tried", "alive", 2)
    assert Measurement.objects.filter(release=release, run="tried").count() == 1


@pytest.mark.slow
def test_a_dead_prometheus_pauses_and_a_retry_measures_anew(relay: PrometheusRelay, web: Workload) -> None:
    relay.mode = "down"
    release = play(web.deploy("1.1", strategy=canary("alive")), ended)
    assert (release.status, release.reason) == ("paused", "AnalysisInconclusive")
    assert "could not be measured 2 times in a row" in release.message

    relay.mode = ""
    retry_release(release, by=web.developer)
    release = play(release, lambda one: one.ended)

    assert (release.status, release.reason) == ("succeeded", "")
    runs = release.measurements.order_by("at").values_list("run", "status")
    assert list(dict.fromkeys(run for run, _ in runs)) == ["step-1", "step-1.2"]
    assert [status for run, status in runs if run == "step-1.2"][-2:] == ["Successful", "Successful"]


@pytest.mark.slow
def test_a_person_may_accept_what_nobody_could_measure(relay: PrometheusRelay, web: Workload) -> None:
    relay.mode = "nothing"
    release = play(web.deploy("1.1", strategy=canary("alive")), ended)
    assert (release.status, release.reason) == ("paused", "AnalysisInconclusive")

    promote_release(release, by=web.developer)
    release = play(release, lambda one: one.ended)

    assert release.status == "succeeded"
    assert Entry.objects.filter(action="release.promote", object_id=str(release.pk)).exists()
    assert release.state["runs"]["step-1"]["accepted"]["by"] == web.developer.username


@pytest.mark.slow
def test_the_plan_refuses_what_can_never_be_measured(
    relay: PrometheusRelay, web: Workload, cluster: Cluster, payments: Team
) -> None:
    def plan(strategy: dict[str, Any]) -> Any:
        return plan_release(web.target, Wish(image=f"{IMAGE}:1.1", strategy=strategy), web.developer)

    refused = plan(canary("alive", "nobody-knows-it")).refusals
    assert [(one.code, one.pointer) for one in refused] == [
        ("unknown_template", "/strategy/steps/1/analysis/templates/1")
    ]
    relay.mode = "many"
    refused = plan(canary("alive")).refusals
    assert [one.code for one in refused] == ["analysis_query"]
    assert "10000 series" in refused[0].detail

    relay.mode = "down"
    planned = plan(canary("alive", background=("success-rate",)))
    assert planned.refusals == []
    assert [one.code for one in planned.warnings].count("analysis_unmeasured") == 1
