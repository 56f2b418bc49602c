"""A relay in front of the shared sandbox; and a whole portal with a sandbox of its own, both of which may be hurt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.models import Cluster
from sandbox.cluster import Sandbox
from tests.faults.field import Field
from tests.faults.relay import Relay, relay_to
from tests.portal_run import PortalRun
from tests.scenarios.conftest import kubectl, to_the_end, until_phase, web

__all__ = ["kubectl", "to_the_end", "until_phase", "web"]


@pytest.fixture
def relay(sandbox_cluster: Any, tmp_path: Path) -> Iterator[Relay]:
    """A gateway of this test's own in front of the sandbox."""
    with relay_to(sandbox_cluster.kubeconfig, tmp_path) as relay:
        yield relay


@pytest.fixture
def cluster(db: None, valkey: Any, relay: Relay) -> Cluster:
    """The sandbox, registered by the address of the relay."""
    source = Source(kubeconfig=relay.kubeconfig(), allow_private_address=True)
    return register_cluster(None, "sandbox", source)[0]


@pytest.fixture(scope="package")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """A portal and a sandbox that nobody else uses, the second registered with the first as `sandbox`."""
    sandbox = Sandbox(tmp_path_factory.mktemp("cluster"))
    portal = PortalRun(tmp_path_factory.mktemp("portal"), settings={"SLIPWAY_RATE_LIMIT": "100000"})
    try:
        sandbox.ensure_up(owner_pid=os.getpid())
        portal.start()
        portal.manage("first_steps", "--kubeconfig", str(sandbox.kubeconfig))
        yield Field(portal, sandbox)
    finally:
        portal.stop()
        sandbox.down()


@pytest.fixture(scope="package")
def field_relay(field: Field, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A gateway to the same sandbox, which the portal knows as the cluster `relayed`."""
    folder = tmp_path_factory.mktemp("relay")
    with relay_to(field.sandbox.kubeconfig, folder) as relay:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(relay.kubeconfig("relayed"))
        field.portal.manage("first_steps", "--kubeconfig", str(kubeconfig))
        yield relay


@pytest.fixture
def behaving(field_relay: Relay) -> Iterator[Relay]:
    """That gateway, which passes everything on again when the test is over."""
    yield field_relay
    field_relay.behave()
