"""The backup command that docs/operate.md gives for SQLite, run while the database is written to."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

from portal.place import SQLITE_PRAGMAS
from tests.house.files import ROOT


def test_a_copy_made_in_use_is_whole(tmp_path: Path) -> None:
    found = re.search(r"^(python -c 'import sqlite3.*)$", (ROOT / "docs/operate.md").read_text(), re.MULTILINE)
    assert found
    words = shlex.split(found[1])[1:-2]
    source, copy = tmp_path / "slipway.sqlite3", tmp_path / "slipway.backup"
    with sqlite3.connect(source) as writing:
        writing.executescript(SQLITE_PRAGMAS)
        writing.execute("CREATE TABLE kept (id INTEGER)")
        writing.executemany("INSERT INTO kept VALUES (?)", [(number,) for number in range(5000)])
        writing.commit()
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("INSERT INTO kept VALUES (-1)")

        subprocess.run([sys.executable, *words, source, copy], check=True)

        writing.rollback()
    writing.close()
    with sqlite3.connect(copy) as reading:
        assert reading.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reading.execute("SELECT count(*), min(id) FROM kept").fetchone() == (5000, 0)
    reading.close()
