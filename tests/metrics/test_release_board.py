"""Panels of a release: the new version's Pods beside the old ones', told apart by their ReplicaSets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from clusters.models import Cluster, Observation
from clusters.prometheus import Prometheus
from deployments.models import Release
from deployments.queries import new_replica_sets
from metrics.queries import release_board
from metrics.windows import window_around, window_for
from services.models import Target
from tests.callers import PageClient
from tests.conftest import until
from tests.factories.clusters import observed
from tests.factories.deployments import new_release
from tests.factories.services import new_environment, new_service, new_target
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

Browser = Callable[[User], PageClient]
IMAGE = "registry.example/shop/basket"
KINDS = {"deployments": "Deployment", "replicasets": "ReplicaSet"}


@pytest.fixture
def kubectl(sandbox_cluster: Any) -> Iterator[Kubectl]:
    """The cluster administrator's hand."""
    with Kubectl(sandbox_cluster.kubeconfig) as hand:
        yield hand


@pytest.fixture
def released(kubectl: Kubectl, namespace: str, harbour: Cluster, payments: Team, prometheus: Prometheus) -> Release:
    """Service basket went from 1.0.0 to 1.1.0 by a real rollout, and both versions have been asked."""
    workload = f"/apis/apps/v1/namespaces/{namespace}/deployments/basket"
    kubectl.create(workload.removesuffix("/basket"), deployment("basket", f"{IMAGE}:1.0.0"))
    rate = f'sum by (pod_template_hash) (rate(http_requests_total{{namespace="{namespace}"}}[1m])) > 0'
    until(lambda: prometheus.vector(rate), seconds=90)
    container = {"name": "basket", "image": f"{IMAGE}:1.1.0"}
    spec = kubectl.get(workload)["spec"]["template"]["spec"]
    kubectl.patch(workload, {"spec": {"template": {"spec": {"containers": [{**spec["containers"][0], **container}]}}}})
    until(lambda: len(prometheus.vector(rate)) == 2, seconds=90)
    target = new_target(new_service("basket", payments), new_environment("qa"), harbour, namespace=namespace)
    for kinds, kind in KINDS.items():
        for raw in kubectl.get(f"/apis/apps/v1/namespaces/{namespace}/{kinds}")["items"]:
            observed(harbour, {**raw, "kind": kind})
    release = new_release(target, "1.1.0", phase="Succeeded")
    Release.objects.filter(pk=release.pk).update(
        template_to=kubectl.get(workload)["spec"]["template"], images={"basket": container["image"]}
    )
    release.refresh_from_db()
    return release


@pytest.mark.sandbox
def test_new_and_old_pods_are_two_lines(released: Release, developer: User, web_client: Browser) -> None:
    assert len(new_replica_sets(released)) == 1
    until(lambda: len(release_board(released, window_for("15m")).panels[0].lines) == 2, seconds=30)
    board = release_board(released, window_for("15m"))
    assert [panel.key for panel in board.panels] == ["request_rate", "error_ratio", "latency_p95", "cpu", "memory"]
    rates = board.panels[0].lines
    assert [(line.tone, line.label) for line in rates] == [("new", "1.1.0"), ("old", "1.7.3")]
    assert board.share is not None and 0 < board.share <= 100
    new, old = (line.values for line in rates)
    assert new[-1]
    assert old.index(next(one for one in old if one)) < new.index(next(one for one in new if one))
    page = web_client(developer).fragment(f"/releases/{released.pk}/metrics/", "panels").content.decode()
    assert 'data-tone="new"' in page and "<html" not in page


def test_without_known_replica_sets_all_pods_are_one_line_and_that_is_said(payments: Team) -> None:
    target = new_target(new_service("basket", payments), "qa")
    assert not Observation.objects.exists()
    board = release_board(new_release(target), window_for("1h"))
    assert "new and old Pods are one line" in board.note
    assert board.trouble


def test_by_default_the_time_of_the_release_is_shown(developer: User, payments: Team, web_client: Browser) -> None:
    target: Target = new_target(new_service("basket", payments), "qa")
    began = timezone.now() - timedelta(hours=5)
    release = new_release(target, phase="Succeeded", started_at=began, finished_at=began + timedelta(minutes=4))
    assert window_around(began, release.finished_at).ends < timezone.now() - timedelta(hours=4)
    page = web_client(developer).get(f"/releases/{release.pk}/").content.decode()
    assert f'hx-get="/releases/{release.pk}/metrics/?fragment=panels' in page
    page = web_client(developer).get(f"/releases/{release.pk}/metrics/").content.decode()
    assert '#panels" aria-current="true">this release<' in page
