"""Analysis of blue-green on the sandbox's real Prometheus: a bad version is caught before anybody meets it, or is taken
back by one write to the very pods that served before."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.models import Cluster
from tests.factories.deployments import kinds_of
from tests.scenarios.conftest import Workload
from tests.scenarios.endpoints import Watched, ready_pods, serve, service
from tests.scenarios.test_analysis import QUICK, ended, measured, play
from tests.scenarios.test_blue_green import as_it_was

__all__ = ["measured"]
REPLICAS = 4


def blue_green(*stages: str) -> dict[str, Any]:
    """Switched as soon as it may be, with an analysis at these stages; the old pods stay for long."""
    return {
        "type": "blue_green",
        "auto_promote_seconds": 0,
        "scale_down_delay_seconds": 1 if len(stages) > 1 else 600,
        "abort_scale_down_delay_seconds": 1,
        **{stage: {"templates": ["success-rate"], **QUICK} for stage in stages},
    }


def serving(web: Workload) -> set[str]:
    """Uids of the pods that the Service leads to now."""
    return set(ready_pods(web.kubectl, web.target.namespace, "web"))


@pytest.mark.slow
def test_a_version_that_fails_before_the_switch_is_met_by_nobody(
    measured: Cluster, web: Workload, sandbox_cluster: Any
) -> None:
    serve(web, REPLICAS)
    before, old = service(web), serving(web)
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = play(web.deploy("1.1-errors", strategy=blue_green("pre_promotion")), ended)

    assert (release.status, release.reason) == ("aborted", "AnalysisFailed")
    assert "success-rate" in release.message
    assert watched.looks > 10
    assert (watched.served, watched.fewest) == (old, REPLICAS)
    assert "traffic.switch" not in kinds_of(release)
    assert set(release.measurements.values_list("run", flat=True)) == {"pre_promotion"}
    failed = release.measurements.filter(status="Failed")
    assert failed.exists()
    assert all(one.query and one.value is not None for one in failed)
    assert web.image() == "1.0"
    assert as_it_was(web, before)


@pytest.mark.slow
def test_a_version_that_fails_after_the_switch_gives_requests_back_to_the_pods_of_before(
    measured: Cluster, web: Workload, sandbox_cluster: Any
) -> None:
    serve(web, REPLICAS)
    before, old = service(web), serving(web)
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = play(web.deploy("1.1-errors", strategy=blue_green("post_promotion")), ended)

    assert (release.status, release.reason) == ("aborted", "AnalysisFailed")
    assert len(watched.served - old) == REPLICAS
    assert watched.fewest >= REPLICAS
    assert serving(web) == old
    kinds = kinds_of(release)
    assert kinds.index("traffic.switch") < kinds.index("step.failed") < kinds.index("traffic.restore")
    assert set(release.measurements.values_list("run", flat=True)) == {"post_promotion"}
    assert release.state["evidence"]["template"] == "success-rate"
    assert web.image() == "1.0"
    assert as_it_was(web, before)


@pytest.mark.slow
def test_a_good_version_passes_before_and_after_the_switch(measured: Cluster, web: Workload) -> None:
    serve(web, REPLICAS)
    old = serving(web)

    release = play(web.deploy("1.1", strategy=blue_green("pre_promotion", "post_promotion")), ended, seconds=180)

    assert (release.status, release.reason) == ("succeeded", "")
    assert web.image() == "1.1"
    assert len(serving(web) - old) == REPLICAS
    for stage in ("pre_promotion", "post_promotion"):
        assert release.measurements.filter(run=stage, status="Successful").count() >= 3, stage
