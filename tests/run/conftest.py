from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.run.slipway import Slipway, wait_until

KEPT = ("slipway.sqlite3", "keys", "static", "admin-password", "prepared")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was started once, so that other starts need no preparation."""
    first = Slipway(tmp_path_factory.mktemp("prepared"))
    try:
        first.start()
    finally:
        first.stop()
    return first.home


def furnish(home: Path, prepared: Path) -> None:
    """Put into a home what a first start would."""
    for name in KEPT:
        if (prepared / name).is_dir():
            shutil.copytree(prepared / name, home / name)
        else:
            shutil.copy2(prepared / name, home / name)


@pytest.fixture(scope="module")
def slipway(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Slipway]:
    """A running Slipway that the tests of one file share; each leaves it whole."""
    running = Slipway(tmp_path_factory.mktemp("home"))
    furnish(running.home, prepared)
    try:
        running.start()
        wait_until(running.is_ready, 60, "everything answers")
        yield running
    finally:
        running.stop()


@pytest.fixture
def make_slipway(tmp_path: Path, prepared: Path) -> Iterator[Callable[..., Slipway]]:
    """Makes Slipways that are ended with the test; none is a first start."""
    made: list[Slipway] = []

    def make(home: str = "home") -> Slipway:
        folder = tmp_path / home
        folder.mkdir()
        furnish(folder, prepared)
        made.append(Slipway(folder))
        return made[-1]

    yield make
    for one in made:
        one.stop()
