"""The shop of the sandbox as a catalog of ours, with the sandbox's own Prometheus behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import Team
from clusters.models import Cluster
from clusters.prometheus import Prometheus
from services.models import Target
from tests.conftest import until
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service, new_target


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """No answer of an earlier test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def prometheus(sandbox_cluster: Any) -> Prometheus:
    """The sandbox's Prometheus, once the last point of a range, which is up to a step old, knows all of the shop."""
    found = Prometheus("sandbox", sandbox_cluster.prometheus_url, allow_private=True)
    everywhere = "count(sum by (namespace) (rate(http_requests_total[1m] offset 20s))) >= 3"
    until(lambda: found.vector(everywhere), seconds=90)
    return found


@pytest.fixture
def harbour(prometheus: Prometheus, payments: Team) -> Cluster:
    """The sandbox as a cluster whose namespaces dev and prod are granted to team payments."""
    cluster = saved_cluster("harbour", prometheus_url=prometheus.url, allow_private_address=True)
    new_grant(payments, cluster, "dev", "prod")
    return cluster


@pytest.fixture
def checkout(harbour: Cluster, payments: Team) -> Target:
    """Service checkout of team payments in prod, one of the shop's, which is really asked all the time."""
    new_environment("prod", order=30, colour="prod")
    return new_target(new_service("checkout", payments), "prod", harbour)
