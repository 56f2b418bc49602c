"""Fixtures of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Team
from clusters.commands.grant import create_grant
from clusters.models import Cluster
from services.models import Environment, Service
from tests.callers import ApiClient
from tests.factories.clusters import reachable_cluster
from tests.factories.services import new_environment, new_service
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]


@pytest.fixture
def checkout(payments: Team) -> Service:
    """A service of team payments that runs nowhere yet."""
    return new_service("checkout", payments)


@pytest.fixture
def prod(db: None) -> Environment:
    """The environment prod."""
    return new_environment("prod")


@pytest.fixture
def kubectl(sandbox_cluster: Any) -> Iterator[Kubectl]:
    """The cluster administrator's hand."""
    hand = Kubectl(sandbox_cluster.kubeconfig)
    with hand.http:
        yield hand


@pytest.fixture
def cluster(sandbox_cluster: Any, db: None) -> Cluster:
    """The sandbox, registered as a person would."""
    return reachable_cluster(sandbox_cluster.kubeconfig, "sandbox")


@pytest.fixture
def granted(cluster: Cluster, payments: Team, namespace: str) -> str:
    """A fresh namespace of the sandbox that team payments has a grant for."""
    create_grant(None, payments, cluster, [namespace])
    return namespace


@pytest.fixture
def running(kubectl: Kubectl, granted: str) -> Callable[..., dict[str, Any]]:
    """`running("checkout")`: a Deployment of that name in the granted namespace, without Pods unless asked for."""

    def apply(
        name: str, image: str = "registry.example/shop/web:1.0.0", replicas: int = 0, **labels: str
    ) -> dict[str, Any]:
        manifest = deployment(name, image, replicas=replicas)
        manifest["metadata"]["labels"] |= {key.replace("__", "/"): value for key, value in labels.items()}
        return kubectl.create(f"/apis/apps/v1/namespaces/{granted}/deployments", manifest)

    return apply
