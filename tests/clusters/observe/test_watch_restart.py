"""The API server dies and comes back: the watcher notices both, and nothing that happened meanwhile is missed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from clusters.models import Cluster, Observation
from clusters.observe.read import observed, watching
from tests.conftest import until
from tests.factories.clusters import reachable_cluster
from tests.kubectl import Kubectl

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A cluster that this test may break: the shared one serves others at the same time."""
    from sandbox.cluster import Sandbox

    sandbox = Sandbox(tmp_path_factory.mktemp("restart"))
    sandbox.ensure_up(owner_pid=os.getpid())
    yield sandbox
    sandbox.down()


def pid_of_api_server(sandbox) -> int | None:
    return {part["name"]: part["pid"] for part in sandbox.status()["components"]}.get("kube-apiserver")


def test_an_api_server_that_is_killed_is_noticed_and_nothing_is_missed_when_it_is_back(
    own_sandbox, transactional_db, watcher
):
    cluster = reachable_cluster(own_sandbox.kubeconfig)
    until(lambda: watching(cluster.pk, "Node") and watching(cluster.pk, "Namespace"))
    nodes = set(Observation.objects.filter(cluster=cluster, kind="Node").values_list("pk", "uid"))
    killed = pid_of_api_server(own_sandbox)
    own_sandbox.kill("kube-apiserver")
    until(lambda: not watching(cluster.pk, "Node"))
    until(lambda: pid_of_api_server(own_sandbox) not in {None, killed}, seconds=60)
    until(lambda: watching(cluster.pk, "Node"), seconds=60)
    with Kubectl(own_sandbox.kubeconfig) as kubectl:
        meanwhile = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "meanwhile"}}
        kubectl.create("/api/v1/namespaces", meanwhile)
    until(lambda: observed(cluster.pk, "Namespace", "", "meanwhile"))
    until(lambda: Cluster.objects.get(pk=cluster.pk).status == "connected")
    assert set(Observation.objects.filter(cluster=cluster, kind="Node").values_list("pk", "uid")) == nodes
