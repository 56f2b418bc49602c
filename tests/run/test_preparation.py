"""What is made once is made again when it is gone, or when what it was made from has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.run import preparation
from portal.run.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that was prepared."""
    monkeypatch.delenv("SLIPWAY_DATABASE_URL", raising=False)
    home = Home.open(tmp_path)
    (home.path / "static").mkdir()
    (home.path / "slipway.sqlite3").touch()
    preparation.note_done(home)
    return home


def test_what_was_prepared_is_not_prepared_again(home: Home) -> None:
    assert not preparation.needed(home)


def test_an_empty_home_is_prepared(tmp_path: Path) -> None:
    assert preparation.needed(Home.open(tmp_path / "other"))


def test_a_database_that_was_deleted_is_made_again(home: Home) -> None:
    (home.path / "slipway.sqlite3").unlink()

    assert preparation.needed(home)


def test_another_database_is_prepared(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_DATABASE_URL", "postgres://localhost/other")

    assert preparation.needed(home)


def test_a_new_migration_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "room" / "migrations"
    folder.mkdir(parents=True)
    before = preparation.fingerprint(tmp_path)

    (folder / "0001_initial.py").write_text("")

    assert preparation.fingerprint(tmp_path) != before
