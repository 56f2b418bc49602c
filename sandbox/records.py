"""Which processes a supervisor started, written down so that they are found after it was killed."""

import json
from pathlib import Path

from sandbox.files import write_atomically
from sandbox.processes import ProcessId

SUPERVISOR = "supervisor"


def write_records(path: Path, started: dict[str, ProcessId]) -> None:
    """Write the processes by name."""
    write_atomically(path, json.dumps({name: [process.pid, process.started] for name, process in started.items()}))


def read_records(path: Path) -> dict[str, ProcessId]:
    """The processes last written, dead or alive. Empty when nothing was."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return {name: ProcessId(int(pid), str(started)) for name, (pid, started) in written.items()}
    except (FileNotFoundError, ValueError, TypeError):
        return {}
