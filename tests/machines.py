"""Machines for tests: a set of a test file's own, gone when the file is done, even when the run is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.hosts import base, needs
from sandbox.hosts.machines import Machines


def skip_where_impossible() -> None:
    """Skip the test, with the reason, where no machines can be made or their Debian cannot be had."""
    if reason := needs.why_not():
        pytest.skip(f"no machines here: {reason}")
    if not base.is_made():
        pytest.skip("no machines here: run `python -m sandbox hosts up` or `make machines` once, which fetches Debian")


@contextmanager
def machines_of(home: Path, count: int) -> Iterator[Machines]:
    """So many machines in a home, booted. They die with this process."""
    skip_where_impossible()
    machines = Machines(home)
    try:
        machines.up(count, owned=True)
        yield machines
    finally:
        machines.down()
