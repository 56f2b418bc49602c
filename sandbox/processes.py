"""Processes by identity: started so that they die with us, and ended without ever hitting a recycled pid."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: loading a library between fork and exec may deadlock.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessId:
    """A pid together with when its process started, which tells it from a later process with the same pid."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The identity of the process that has `pid` now; None when there is none."""
        started = _started(pid)
        return cls(pid, started) if started is not None else None

    @property
    def is_alive(self) -> bool:
        return _started(self.pid) == self.started

    def send(self, signal_number: signal.Signals) -> None:
        """Signal the process if it is still the same one."""
        if self.is_alive:
            try:
                os.kill(self.pid, signal_number)
            except ProcessLookupError:
                return


def _started(pid: int) -> str | None:
    """When the live process `pid` started, as text to compare; None for none and for zombies."""
    if sys.platform != "linux":
        listed = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], check=False, capture_output=True, text=True
        )
        state, _, started = listed.stdout.strip().partition(" ")
        return started.strip() if started and not state.startswith("Z") else None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name in brackets may hold blanks and brackets, so fields are counted after the last one.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{fields[19]}"


def _prepare_child(niceness: int) -> Callable[[], None]:
    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if niceness:
            os.nice(niceness)

    return prepare


def spawn(
    argv: Sequence[str | Path],
    *,
    output: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    niceness: int = 0,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own (a terminal's Ctrl-C does not reach it), killed by Linux when we die.

    `output` is the file descriptor for stdout and stderr, or subprocess.PIPE. Call it from the main thread: the
    kernel ties the child to the thread that forked it. Raises OSError when the program cannot be started.
    """
    return subprocess.Popen(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_prepare_child(niceness),  # noqa: PLW1509 - it allocates nothing, and no thread of ours holds a lock
    )


def end(processes: Iterable[ProcessId], *, grace_seconds: float) -> None:
    """Ask the processes to end, and kill those that are still there after `grace_seconds`."""
    remaining = [process for process in processes if process.is_alive]
    for process in remaining:
        process.send(signal.SIGTERM)
    if not wait_until(lambda: not any(process.is_alive for process in remaining), within_seconds=grace_seconds):
        for process in remaining:
            process.send(signal.SIGKILL)
        wait_until(lambda: not any(process.is_alive for process in remaining), within_seconds=2.0)


def wait_until(condition: Callable[[], bool], *, within_seconds: float, every_seconds: float = 0.05) -> bool:
    """Wait for `condition`. Returns whether it came true in time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_seconds)
    return True
