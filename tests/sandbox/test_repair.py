"""kill -9 of any part is noticed and repaired, and the cluster works on."""

from __future__ import annotations

import time

import pytest

from sandbox.cluster import Sandbox
from tests.conftest import until
from tests.kubectl import Kubectl
from tests.sandbox.conftest import pids

pytestmark = pytest.mark.sandbox

PARTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "prometheus"]
STOCK = "/apis/apps/v1/namespaces/dev/deployments/stock"


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_started_again_within_a_second(own_sandbox: Sandbox, part: str) -> None:
    before = pids(own_sandbox)[part]
    own_sandbox.kill(part)
    killed_at = time.monotonic()

    until(lambda: pids(own_sandbox).get(part, before) != before, seconds=10)
    # Asking takes its time as well on a busy machine; the supervisor itself looks ten times a second.
    assert time.monotonic() - killed_at < 3
    until(lambda: own_sandbox.status()["state"] == "ready", seconds=30)


def test_the_cluster_works_on_after_all_of_it_was_killed(own_sandbox: Sandbox, own_kubectl: Kubectl) -> None:
    for part in PARTS:
        own_sandbox.kill(part)
    until(lambda: own_sandbox.status()["state"] == "ready", seconds=60)

    replicas = own_kubectl.get(STOCK)["spec"]["replicas"]
    own_kubectl.patch(STOCK, {"spec": {"replicas": replicas + 3}})

    until(lambda: own_kubectl.get(STOCK)["status"].get("readyReplicas") == replicas + 3, seconds=40)
