"""Analysis on the sandbox's real Prometheus: bad versions are caught by what they do, good ones pass.

As ticks are made by hand here, so are the measurements that they ask for: in the place of the worker's task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clusters.models import Cluster
from deployments.analysis.measuring import measure
from deployments.engine import analysis
from deployments.models import Measurement, Release
from deployments.spec import state_of
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import Workload

Play = Callable[..., Release]

QUICK = {"interval_seconds": 3}


def canary(*templates: str, background: tuple[str, ...] = (), **asked: Any) -> dict[str, Any]:
    """Half the replicas, then an analysis."""
    steps = [{"set_weight": 50}, {"analysis": {"templates": list(templates), **QUICK, **asked}}] if templates else []
    return {
        "type": "canary",
        "steps": steps or [{"set_weight": 50}, {"pause": {}}],
        **({"analysis": {"templates": list(background), **QUICK}} if background else {}),
        "max_surge": 1,
    }


@pytest.fixture
def measured(cluster: Cluster, sandbox_cluster: Any) -> Cluster:
    """The sandbox with its Prometheus."""
    cluster.prometheus_url = sandbox_cluster.prometheus_url
    cluster.save()
    return cluster


def measure_what_is_asked(release: Release) -> None:
    """What the tick has asked a worker to measure."""
    state = state_of(release)
    for run, kept in state.runs.items():
        for template, asked in (kept.get("asked") or {}).items():
            measure(release.pk, analysis.run_name(state, run), template, asked["number"])


def play(release: Release, is_so: Callable[[Release], object], *, seconds: float = 90) -> Release:
    """Tick and measure until something is so."""

    def there() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        measure_what_is_asked(release)
        return bool(is_so(release))

    until(there, seconds=seconds)
    return release


def ended(release: Release) -> bool:
    """Or waiting for a person, which then fails the test at once."""
    return release.ended or release.reason == "AnalysisInconclusive"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "template"),
    [("errors", "success-rate"), ("errors", "error-rate-vs-stable"), ("slow", "latency-p99")],
)
def test_a_bad_version_is_caught_and_the_old_one_comes_back(
    measured: Cluster, web: Workload, suffix: str, template: str
) -> None:
    release = play(web.deploy(f"1.1-{suffix}", strategy=canary(template)), ended)

    assert (release.status, release.reason) == ("aborted", "AnalysisFailed")
    assert template in release.message
    assert web.image() == "1.0"
    until(web.ready)
    failed = release.measurements.filter(status="Failed")
    assert failed.exists()
    assert all(one.query and one.value is not None for one in failed)
    assert release.state["evidence"]["template"] == template


@pytest.mark.slow
def test_a_good_version_passes_all_of_them(measured: Cluster, web: Workload) -> None:
    strategy = canary("success-rate", "latency-p99", "restarts", background=("success-rate",))

    release = play(web.deploy("1.1", strategy=strategy), ended)

    assert (release.status, release.reason) == ("succeeded", "")
    assert web.image() == "1.1"
    step = Measurement.objects.filter(release=release, run="step-1")
    assert set(step.values_list("template", flat=True)) == {"success-rate", "latency-p99", "restarts"}
    assert step.filter(status="Successful").count() >= 9
    compared = step.filter(template="success-rate", status="Successful").last()
    assert compared is not None
    assert compared.stable_value is not None


@pytest.mark.slow
def test_the_background_aborts_also_in_a_pause(measured: Cluster, web: Workload) -> None:
    release = play(web.deploy("1.1-errors", strategy=canary(background=("success-rate",))), ended)

    assert (release.status, release.reason) == ("aborted", "AnalysisFailed")
    assert set(release.measurements.values_list("run", flat=True)) == {"background"}
