"""Sandboxes that a test may break: each in a home of its own, ended when the test file is done with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
def own_kubectl(own_sandbox: Sandbox) -> Kubectl:
    """The administrator's hand in `own_sandbox`."""
    return Kubectl(own_sandbox.kubeconfig)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home. Whatever sandbox was started in it is ended."""
    yield tmp_path
    Sandbox(tmp_path).down()


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
