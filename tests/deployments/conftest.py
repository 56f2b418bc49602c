"""A target of team payments that tests of releases act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Team, User
from deployments.engine.workload import is_complete
from deployments.tasks import advance
from services.models import Target
from tests.conftest import until
from tests.factories.clusters import observed
from tests.factories.deployments import REPOSITORY, checkout_target
from tests.factories.registered import new_grant, sandbox_row
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl


@pytest.fixture
def target(payments: Team) -> Target:
    """Service checkout of team payments in dev; no cluster answers behind it."""
    return checkout_target(payments, "dev")


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The releases for which a Celery message was sent."""
    sent: list[str] = []
    monkeypatch.setattr(advance, "delay", sent.append)
    return sent


@pytest.fixture
def live(
    sandbox_cluster: Any, namespace: str, valkey: Any, payments: Team, developer: User
) -> Iterator[tuple[Target, Kubectl]]:
    """`checkout` 1.7.3 with two pods on the sandbox, in environment dev, seen by the watcher; and a kubectl."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        kubectl.create(path, deployment("checkout", f"{REPOSITORY}:1.7.3"))
        cluster = sandbox_row(sandbox_cluster)
        target = checkout_target(payments, "dev", cluster=cluster, namespace=namespace)
        new_grant(payments, cluster, namespace)
        until(lambda: is_complete(kubectl.get(f"{path}/checkout")))
        observed(cluster, kubectl.get(f"{path}/checkout"))
        yield target, kubectl
