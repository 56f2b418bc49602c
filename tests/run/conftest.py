from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.run.slipway import Slipway


@pytest.fixture(scope="module")
def slipway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slipway]:
    """A running Slipway that the tests of one file share; each leaves it whole."""
    running = Slipway(tmp_path_factory.mktemp("home"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def make_slipway(tmp_path: Path) -> Iterator[Callable[..., Slipway]]:
    """Makes Slipways that are ended with the test."""
    made: list[Slipway] = []

    def make(home: str = "home") -> Slipway:
        folder = tmp_path / home
        folder.mkdir()
        made.append(Slipway(folder))
        return made[-1]

    yield make
    for one in made:
        one.stop()
