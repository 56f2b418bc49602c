"""A lane for each test file: a sandbox with Traefik and answering Pods, in a network of the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Team, User
from clusters.models import Cluster, Grant
from sandbox.build import is_built
from sandbox.cluster import Sandbox
from sandbox.lane.components import TRAEFIK
from sandbox.lane.network import own_network, why_not
from services.models import Environment, Service, Target
from tests.kubectl import Kubectl
from tests.lane.web import Web
from tests.scenarios.conftest import Workload, cluster, to_the_end  # noqa: F401 - fixtures of these tests as well

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The lane, up; this process is in its network until the test file is done.

    For each file anew: other tests of this process need the network that everybody is in.
    """
    if reason := why_not():
        pytest.skip(f"the lane needs a network of its own: {reason}")
    if not is_built(TRAEFIK) and not os.environ.get("SLIPWAY_LANE"):
        pytest.skip("the lane's router is not built here: run `make lane`, which builds it once")
    with own_network():
        sandbox = Sandbox(tmp_path_factory.mktemp("lane"), lane=True)
        try:
            sandbox.ensure_up(owner_pid=os.getpid())
            yield sandbox
        finally:
            sandbox.down()


@pytest.fixture(scope="module")
def sandbox_cluster(lane: Sandbox) -> Any:
    """In these tests the sandbox is the lane."""
    return lane


@pytest.fixture
def kubectl(lane: Sandbox) -> Iterator[Kubectl]:
    with Kubectl(lane.kubeconfig) as kubectl:
        yield kubectl


@pytest.fixture
def web(kubectl: Kubectl, namespace: str) -> Web:
    """Four pods of `web` 1.0 behind the Gateway, which answer."""
    web = Web(kubectl, namespace)
    web.begin()
    return web


@pytest.fixture
def hasty(kubectl: Kubectl, namespace: str) -> Web:
    """As `web`, with pods that end at once when they are told to: only the order of things can save requests."""
    web = Web(kubectl, namespace)
    web.begin(pre_stop_seconds=0)
    return web


@pytest.fixture
def released(cluster: Cluster, namespace: str, payments: Team, developer: User, kubectl: Kubectl) -> Workload:  # noqa: F811
    """`web` as a target of the catalog that team payments may release."""
    Grant.objects.create(team=payments, cluster=cluster, namespaces=[namespace])
    target = Target.objects.create(
        service=Service.objects.create(name="web", team=payments),
        environment=Environment.objects.create(name="dev"),
        cluster=cluster,
        namespace=namespace,
        workload="web",
        workload_key=Target.key_of(cluster.uid, namespace, "Deployment", "web"),
    )
    return Workload(kubectl, target, developer)
