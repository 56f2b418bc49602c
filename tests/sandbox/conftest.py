"""Sandboxes that a test may break: each in a home of its own, ended when the test file is done with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.cluster import Sandbox
from tests.kubectl import Kubectl


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this test file's own, up. It ends with this process even if the process is killed."""
    sandbox = Sandbox(tmp_path_factory.mktemp("home"))
    sandbox.ensure_up(owner_pid=os.getpid())
    yield sandbox
    sandbox.down()


@pytest.fixture
def own_kubectl(own_sandbox: Sandbox) -> Iterator[Kubectl]:
    """The administrator's hand in `own_sandbox`."""
    with administrator(own_sandbox) as kubectl:
        yield kubectl


@pytest.fixture
def kubectl(sandbox_cluster: Sandbox) -> Iterator[Kubectl]:
    """The administrator's hand in the shared sandbox."""
    with administrator(sandbox_cluster) as kubectl:
        yield kubectl


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home. Whatever sandbox was started in it is ended."""
    yield tmp_path
    Sandbox(tmp_path).down()


@contextmanager
def administrator(sandbox: Sandbox) -> Iterator[Kubectl]:
    """The administrator's hand in a sandbox, for a while."""
    kubectl = Kubectl(sandbox.kubeconfig)
    with kubectl.http:
        yield kubectl


def pids(sandbox: Sandbox) -> dict[str, int]:
    """The pid of each component that runs, by name."""
    return {part["name"]: part["pid"] for part in sandbox.status()["components"] if part["pid"] is not None}


def processes_of(home: Path) -> list[str]:
    """The command lines of all live processes that mention a home."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (file.parent / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if words and (f"{home}/" in words or f"SLIPWAY_HOME={home}\0" in environment):
            found.append(words)
    return found
