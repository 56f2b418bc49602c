"""The sandbox of one home as other programs use it: bring it up, ask it, end it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sandbox import processes
from sandbox.errors import StartFailed
from sandbox.files import locked
from sandbox.paths import REPOSITORY, StateFolder
from sandbox.processes import ProcessId
from sandbox.progress import Progress, Report
from sandbox.records import SUPERVISOR, read_records
from sandbox.status import look, status

LOOK_EVERY_SECONDS = 0.1
# The supervisor gives its components less than this to end.
END_WITHIN_SECONDS = 10.0

# Supervisors started from here that may outlive us. Python complains when such a process is forgotten.
_supervisors: list[subprocess.Popen[bytes]] = []


def _ignore(progress: Progress) -> None:
    """Report to nobody."""


class Sandbox:
    """The sandbox of one home. Any number of processes may use the same one at the same time."""

    def __init__(self, home: Path | str | None = None, *, lane: bool = False) -> None:
        """Without a `home`, that of `$SLIPWAY_HOME` or `.slipway`. A `lane` is started as one: see sandbox.lane."""
        self._state = StateFolder.of(home)
        self._lane = lane

    @property
    def kubeconfig(self) -> Path:
        """Access as cluster admin. There once the sandbox has been up."""
        return self._state.kubeconfig

    @property
    def audit_log(self) -> Path:
        """The API server's audit log: a JSON document a line, at level Metadata."""
        return self._state.audit_log

    @property
    def prometheus_url(self) -> str | None:
        """None when the sandbox has never been up."""
        url: str | None = self.status()["prometheus_url"]
        return url

    def status(self) -> dict[str, Any]:
        """See `status.status`."""
        return status(self._state)

    def ensure_up(self, *, report: Report = _ignore, owner_pid: int | None = None) -> None:
        """Return once the sandbox is ready, starting (and building) it if need be.

        A sandbox started here outlives this process; with `owner_pid` it ends when that process does.
        Raises StartFailed with what the supervisor said.
        """
        started: subprocess.Popen[bytes] | None = None
        while True:
            seen = look(self._state)
            if seen.is_supervised and seen.progress is not None:
                report(seen.progress)
                if seen.progress.state == "ready":
                    return
            if not seen.is_supervised:
                if started is None:
                    started = self._start_supervisor(owner_pid)
                    _supervisors.append(started)
                elif started.poll() is not None:
                    raise self._start_failure(seen.progress)
            time.sleep(LOOK_EVERY_SECONDS)

    def down(self) -> None:
        """End the sandbox and everything it started, also when its supervisor was killed. Keeps its data."""
        if not self._state.root.exists():
            return
        found = read_records(self._state.processes)
        if SUPERVISOR in found:
            found[SUPERVISOR].send(signal.SIGTERM)
        processes.wait_until(lambda: not look(self._state).is_supervised, within_seconds=END_WITHIN_SECONDS)
        with locked(self._state.start_lock):
            # The supervisor started more since `found` was read, or was killed and left them.
            left = found | read_records(self._state.processes)
            processes.end(left.values(), grace_seconds=1.0)
            self._state.processes.unlink(missing_ok=True)
            self._state.progress.unlink(missing_ok=True)
        _supervisors[:] = [supervisor for supervisor in _supervisors if supervisor.poll() is None]

    def kill(self, component: str) -> None:
        """Kill -9 a component, for tests of what happens then. Raises KeyError when it does not run."""
        read_records(self._state.processes)[component].send(signal.SIGKILL)

    def _start_supervisor(self, owner_pid: int | None) -> subprocess.Popen[bytes]:
        self._state.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = ProcessId.of(owner_pid) if owner_pid is not None else None
        arguments = ["--owner", f"{owner.pid}:{owner.started}"] if owner is not None else []
        arguments += ["--lane"] if self._lane else []
        with (self._state.logs / "supervisor.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "sandbox", "run", "--unless-running", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                env=os.environ | {"SLIPWAY_HOME": str(self._state.home)},
                start_new_session=True,
            )

    def _start_failure(self, progress: Progress | None) -> StartFailed:
        if progress is not None and progress.error:
            return StartFailed(progress.error)
        return StartFailed(
            "The sandbox's supervisor ended before it was ready", next=f"Read {self._state.logs / 'supervisor.log'}"
        )
