"""A lane for each test file: a sandbox with Traefik and answering Pods, in a network of the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.build import is_built
from sandbox.cluster import Sandbox
from sandbox.lane.components import TRAEFIK
from sandbox.lane.network import own_network, why_not
from tests.kubectl import Kubectl
from tests.lane.web import Web

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
