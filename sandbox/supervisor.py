"""Runs the components: starts them in order, starts again what dies, ends them all."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

from sandbox import processes
from sandbox.build import build
from sandbox.components import Component
from sandbox.configuration import Configuration, prepare
from sandbox.errors import AlreadyRunning, SandboxError, StartFailed
from sandbox.files import Lock, locked
from sandbox.furnishing import Furnishing
from sandbox.health import Health
from sandbox.paths import StateFolder
from sandbox.processes import ProcessId
from sandbox.progress import Progress, Report, write_progress
from sandbox.records import SUPERVISOR, read_records, write_records

LOOK_EVERY_SECONDS = 0.1
START_WITHIN_SECONDS = 90.0
BACK_OFF_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
# A component that ran so long before it died starts with the shortest back-off again.
SETTLED_AFTER_SECONDS = 20.0
LOG_LIMIT_BYTES = 20_000_000
# What depends on others ends first. Each group gets its seconds, then it is killed: etcd holds all that matters.
END_ORDER = (
    (("prometheus", "kwok", "kube-scheduler", "kube-controller-manager"), 2.0),
    (("kube-apiserver",), 2.5),
    (("etcd",), 2.0),
)

log = logging.getLogger("sandbox")
T = TypeVar("T")


class _Stopped(Exception):
    """Someone asked us to end."""


@dataclass
class _Child:
    """One component and the process that runs it, if one does."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    identity: ProcessId | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths_in_a_row: int = 0


class Supervisor:
    """The supervisor of one home. Use it in the main thread: it takes over SIGTERM and SIGINT."""

    def __init__(self, state: StateFolder, report: Report, *, owner: ProcessId | None = None) -> None:
        """Progress goes to `report` besides the progress file. With an `owner`, ends when that process is gone."""
        self._state = state
        self._report_further = report
        self._owner = owner
        self._children: dict[str, _Child] = {}
        self._lock = Lock(state.supervisor_lock)
        self._furnishing: Furnishing | None = None
        self._stop_asked = False
        self._may_interrupt = False

    def run(self, *, takes_over: bool) -> None:
        """Build if needed, start, and keep running until asked to end.

        While another supervisor has this home, `takes_over` waits for it to end; otherwise AlreadyRunning is raised.
        Raises BuildFailed and StartFailed; whatever was started has ended then.
        """
        handlers = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._begin(takes_over)
            self._supervise()
        except _Stopped:
            log.info("stopped before it was ready")
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _supervise(self) -> None:
        try:
            self._run()
        except SandboxError as error:
            self._report(Progress("failed", "failed", "failed", error=str(error)))
            raise
        except BaseException:
            self._state.progress.unlink(missing_ok=True)
            raise
        else:
            self._state.progress.unlink(missing_ok=True)
        finally:
            self._end_children()
            self._lock.release()

    def _begin(self, takes_over: bool) -> None:
        if not self._take_lock():
            if not takes_over:
                raise AlreadyRunning(
                    f"A sandbox is already running in {self._state.home}",
                    next="See `python -m sandbox status`, or set SLIPWAY_HOME to another folder",
                )
            log.info("another supervisor runs the sandbox in %s: taking over when it ends", self._state.home)
            while not self._take_lock():
                if self._must_stop():
                    raise _Stopped
                time.sleep(LOOK_EVERY_SECONDS)
        processes.end(read_records(self._state.processes).values(), grace_seconds=2.0)
        self._record()

    def _take_lock(self) -> bool:
        """Take the supervisor's lock and show at once that this is another start: see status.look."""
        with locked(self._state.start_lock):
            if not self._lock.take(within_seconds=0):
                return False
            self._report(Progress("starting", "begin", "starting"))
            return True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True
        if self._may_interrupt:
            self._may_interrupt = False
            raise _Stopped

    def _run(self) -> None:
        programs = self._interruptible(lambda: build(self._report))
        configuration = prepare(self._state, programs)
        self._children = {component.name: _Child(component) for component in configuration.components}
        self._start(configuration)
        while not self._must_stop():
            self._repair()
            time.sleep(LOOK_EVERY_SECONDS)

    def _interruptible(self, work: Callable[[], T]) -> T:
        """Do long work that a signal may break off. Elsewhere signals wait for the next look."""
        self._may_interrupt = True
        try:
            if self._stop_asked:
                raise _Stopped
            return work()
        finally:
            self._may_interrupt = False

    def _must_stop(self) -> bool:
        return self._stop_asked or (self._owner is not None and not self._owner.is_alive)

    def _start(self, configuration: Configuration) -> None:
        """Bring everything up, in order, and report ready. Raises StartFailed after START_WITHIN_SECONDS."""
        began = time.monotonic()
        health = Health(configuration.pki)
        well: set[str] = set()
        self._furnishing = furnished = Furnishing(configuration)
        while not (len(well) == len(self._children) and furnished.is_complete):
            if self._must_stop():
                raise _Stopped
            if time.monotonic() - began > START_WITHIN_SECONDS:
                raise self._not_started(well, furnished)
            for child in self._children.values():
                is_due = set(child.component.after) <= well and (
                    furnished.is_bootstrapped or not child.component.plays_nodes
                )
                if child.process is None and child.deaths_in_a_row == 0 and is_due:
                    self._spawn(child)
            self._repair()
            running = [child.component for child in self._children.values() if child.process is not None]
            well = {name for name, answer in health.of(running).items() if answer}
            furnished.advance(well)
            steps = len(self._children) + furnished.STEPS
            done = len(well) + furnished.done
            self._report(Progress("starting", "start", self._waiting_for(well, furnished), done, steps, done / steps))
            time.sleep(LOOK_EVERY_SECONDS)
        self._report(Progress("ready", "ready", "ready", fraction=1.0))
        log.info("ready after %.1f s, kubeconfig %s", time.monotonic() - began, self._state.kubeconfig)

    def _waiting_for(self, well: set[str], furnished: Furnishing) -> str:
        missing = [name for name in self._children if name not in well]
        return f"waiting for {missing[0]}" if missing else furnished.doing

    def _not_started(self, well: set[str], furnished: Furnishing) -> StartFailed:
        missing = [name for name in self._children if name not in well]
        what = f"did not start: {', '.join(missing)}" if missing else f"did not finish: {furnished.doing}"
        last_lines = _last_lines(self._state, missing[0]) if missing else furnished.why
        return StartFailed(
            f"The sandbox {what}", why=last_lines, next=f"Read the logs in {self._state.logs}, then start it again"
        )

    def _spawn(self, child: _Child) -> None:
        name = child.component.name
        if child.component.plays_nodes and self._furnishing is not None:
            self._furnishing.release_nodes()
        path = self._state.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child.process = processes.spawn(child.component.argv, output=output, cwd=self._state.root)
        except OSError as error:
            raise StartFailed(
                f"{name} could not be started", why=str(error), next="Run `python -m sandbox build`"
            ) from error
        finally:
            os.close(output)
        child.identity = ProcessId.of(child.process.pid)
        child.started_at = time.monotonic()
        self._record()

    def _repair(self) -> None:
        """Notice what has died, and start again what is due."""
        now = time.monotonic()
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                settled = now - child.started_at > SETTLED_AFTER_SECONDS
                child.deaths_in_a_row = 1 if settled else child.deaths_in_a_row + 1
                wait = BACK_OFF_SECONDS[min(child.deaths_in_a_row, len(BACK_OFF_SECONDS)) - 1]
                code = child.process.returncode
                log.warning("%s ended (%s), starting it again in %.1f s", child.component.name, _said(code), wait)
                child.process, child.identity, child.start_at = None, None, now + wait
            if child.process is None and child.deaths_in_a_row and now >= child.start_at:
                self._spawn(child)

    def _end_children(self) -> None:
        for names, grace_seconds in END_ORDER:
            group = [self._children[name] for name in names if name in self._children]
            processes.end([child.identity for child in group if child.identity], grace_seconds=grace_seconds)
            for child in group:
                if child.process is not None:
                    child.process.wait()
                child.process, child.identity = None, None
        self._state.processes.unlink(missing_ok=True)

    def _record(self) -> None:
        own = ProcessId.of(os.getpid())
        started = {SUPERVISOR: own} | {name: child.identity for name, child in self._children.items()}
        write_records(self._state.processes, {name: process for name, process in started.items() if process})

    def _report(self, progress: Progress) -> None:
        write_progress(self._state.progress, progress)
        self._report_further(progress)


def _said(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _last_lines(state: StateFolder, component: str, count: int = 5) -> str:
    try:
        text = (state.logs / f"{component}.log").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "It was not started, because what it needs is not there"
    return "\n".join(text.splitlines()[-count:])
