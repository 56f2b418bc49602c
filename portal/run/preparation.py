"""What has to be done once before Slipway can serve: tables, the first administrator, static files.

Each Django start costs a second, so a start that finds nothing changed skips all of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from portal.run.home import ROOT, Home
from portal.run.pids import write_atomically
from portal.run.process import Program
from portal.run.programs import manage

LOOKED_AT = ("*/migrations/*.py", "static/**/*", "portal/settings.py", "requirements/runtime.txt")


def steps(told: dict[str, str]) -> list[Program]:
    """The programs to run one after the other; each may run again without harm."""
    return [
        manage("migrate", "migrate", "--no-input", "--verbosity", "0", told=told),
        manage("admin", "create_admin", told=told),
        manage("static", "collectstatic", "--no-input", "--clear", "--verbosity", "0", told=told),
    ]


def needed(home: Home) -> bool:
    """Whether something that the steps depend on differs from when they were done last."""
    noted = home.path / "prepared"
    return not noted.exists() or noted.read_text() != fingerprint(ROOT)


def note_done(home: Home) -> None:
    """Remember that the steps were done for what is on disk now."""
    write_atomically(home.path / "prepared", fingerprint(ROOT))


def fingerprint(root: Path) -> str:
    """A digest over names, sizes and times of the files that tables and static files are made from."""
    seen = hashlib.sha256()
    for file in sorted(file for pattern in LOOKED_AT for file in root.glob(pattern) if file.is_file()):
        facts = file.stat()
        seen.update(f"{file.relative_to(root)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return seen.hexdigest()
