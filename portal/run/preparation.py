"""What has to be done once before Slipway can serve: tables, the first administrator, static files.

A start that finds nothing changed skips it: every start of Django costs a second.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from portal.run.home import ROOT, Home
from portal.run.pids import write_atomically
from portal.run.process import Program
from portal.run.programs import Options, environment, manage

LOOKED_AT = ("*/migrations/*.py", "static/**/*", "portal/settings.py", "requirements/runtime.txt")


def program(home: Home, options: Options) -> Program:
    """What to run when it is needed; it may run again without harm."""
    sandbox = ["--sandbox"] if options.with_sandbox else []
    return manage("prepare", "prepare", *sandbox, told=environment(home, options))


def needed(home: Home) -> bool:
    """Whether something that it made is gone, or something that it depends on differs from when it was done last."""
    made = [home.path / "static"] if database_url() else [home.path / "static", home.path / "slipway.sqlite3"]
    noted = home.path / "prepared"
    return not noted.exists() or noted.read_text() != fingerprint(ROOT) or not all(path.exists() for path in made)


def note_done(home: Home) -> None:
    """Remember that it was done for what is on disk now."""
    write_atomically(home.path / "prepared", fingerprint(ROOT))


def fingerprint(root: Path) -> str:
    """A digest over which database it is, and over the files that tables and pages are made from."""
    seen = hashlib.sha256(database_url().encode())
    for file in sorted(file for pattern in LOOKED_AT for file in root.glob(pattern) if file.is_file()):
        facts = file.stat()
        seen.update(f"{file.relative_to(root)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def database_url() -> str:
    """The database that is not the home's own, if there is one."""
    return os.environ.get("SLIPWAY_DATABASE_URL", "")
