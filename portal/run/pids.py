"""Which processes were started, told apart from later ones that were given the same number."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """A process as it was when it was started. `started` is the operating system's own word for its start time."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs: the same number with another start time is somebody else."""
        return self.started != "" and started_at(self.pid) == self.started


def started_at(pid: int) -> str:
    """When the process was started, in a form to compare; "" when there is none or it has ended unreaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    state, start_ticks = fields[0], fields[19]
    return "" if state in "ZX" else start_ticks


def _started_by_ps(pid: int) -> str:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


class Records:
    """The processes of one home: `NAME.pid` for people and scripts, `processes.json` with start times for us."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "processes.json"

    def read(self) -> dict[str, Record]:
        """What was written down last, by this supervisor or one before it."""
        try:
            known = json.loads(self.file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {name: Record(**record) for name, record in known.items()}

    def add(self, name: str, pid: int) -> None:
        """Note a process that was just started."""
        write_atomically(self.folder / f"{name}.pid", f"{pid}\n")
        self._write({**self.read(), name: Record(pid, started_at(pid))})

    def remove(self, name: str) -> None:
        """Forget a process that has ended for good."""
        (self.folder / f"{name}.pid").unlink(missing_ok=True)
        self._write({other: record for other, record in self.read().items() if other != name})

    def _write(self, records: dict[str, Record]) -> None:
        write_atomically(self.file, json.dumps({name: asdict(record) for name, record in records.items()}))

    def end_leftovers(self, patience_seconds: float = 3.0) -> list[str]:
        """End what an earlier supervisor left running; answers the names of what had to be ended."""
        left = {name: record for name, record in self.read().items() if record.is_alive}
        for record in left.values():
            signal_group(record.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline and any(record.is_alive for record in left.values()):
            time.sleep(0.02)
        for record in left.values():
            if record.is_alive:
                signal_group(record.pid, signal.SIGKILL)
        for name in self.read():
            (self.folder / f"{name}.pid").unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)
        return sorted(left)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the group that `pid` leads, or to it alone when it leads none; silent when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def write_atomically(file: Path, text: str) -> None:
    """Replace a file of ours so that a reader sees the old or the new text, never a part; private to this user."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)
