"""One program kept running: started, its output logged, started again when it dies, ended with all of its group."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from portal.run.home import ROOT
from portal.run.log import Log
from portal.run.pids import Records, signal_group

PR_SET_PDEATHSIG = 1
LINE_BYTES = 1 << 20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 10.0
# What a shell answers for a program that it could not start.
NOT_STARTED = 127
# One that lived this long is healthy again: its next death is answered at once.
HEALTHY_SECONDS = 10.0


@dataclass(frozen=True)
class Program:
    """What to run. `stdin` is written and closed; a program that runs `once` is started again only when it fails."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    once: bool = False
    stop_seconds: float = 8.0


class Process:
    """A program and its present process, if any."""

    def __init__(self, program: Program, log: Log, records: Records) -> None:
        self.program = program
        self.log = log
        self.records = records
        self.is_ending = False
        self.child: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run until `end`, or until a program that runs once has succeeded."""
        pause = FIRST_PAUSE_SECONDS
        while not self.is_ending:
            began = time.monotonic()
            try:
                code = await self.run()
            except OSError as error:  # no memory for one more process, or its program was removed
                self.log.line("slipway", f"{self.program.name} could not be started: {error}")
                code = NOT_STARTED
            if self.program.once and code == 0:
                self.log.line("slipway", f"{self.program.name} is done")
                break
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > HEALTHY_SECONDS else pause
            if self._was_told_to_end():
                break
            self.log.line(
                "slipway", f"{self.program.name} ended ({words_for(code)}); starting it again in {pause:.1f} s"
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self.records.remove(self.program.name)

    async def run(self) -> int:
        """Start the program once and wait for its end; answers the exit code, negative for a signal."""
        child = self.child = await asyncio.create_subprocess_exec(
            *self.program.command,
            cwd=ROOT,
            env={**os.environ, **self.program.environment},
            stdin=asyncio.subprocess.PIPE if self.program.stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_BYTES,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        self.records.add(self.program.name, child.pid)
        if self._was_told_to_end():  # `end` came while it was being started and saw nothing to stop
            signal_group(child.pid, signal.SIGKILL)
        if child.stdin:
            child.stdin.write(self.program.stdin)
            child.stdin.close()
        reading = asyncio.create_task(self._read(child))
        code = await child.wait()
        # What it started must not outlive it, nor hold its output open.
        signal_group_left(child.pid)
        await reading
        return code

    def _was_told_to_end(self) -> bool:
        return self.is_ending

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        output = child.stdout
        while output is not None:
            try:
                line = await output.readline()
            except ValueError:
                continue  # a line longer than LINE_BYTES: the reader has dropped what it held of it
            if not line:
                return
            self.log.line(self.program.name, line.decode(errors="replace").rstrip())

    async def end(self) -> None:
        """Ask the program to stop, and kill its group when it does not within `stop_seconds`."""
        self.is_ending = True
        child = self.child
        if child is None or child.returncode is not None:
            return
        signal_group(child.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), self.program.stop_seconds)
        except TimeoutError:
            self.log.line("slipway", f"{self.program.name} did not stop in {self.program.stop_seconds:.0f} s: killed")
            signal_group(child.pid, signal.SIGKILL)
            await child.wait()


def signal_group_left(leader: int) -> None:
    """Kill what is left of the group of a leader that has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def die_with_parent() -> Callable[[], None] | None:
    """For `preexec_fn`: have Linux stop the child when the supervisor is killed; elsewhere the next start cleans up.

    The kernel ties this to the thread that forks, so programs are started from the main thread only.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def words_for(code: int) -> str:
    """An exit code for people: `exit code 3`, `killed by SIGKILL`."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
