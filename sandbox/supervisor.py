"""Brings the components up in order, keeps them up, and ends them all."""

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from sandbox.build import build, build_programs
from sandbox.children import Child, Children
from sandbox.components import Component
from sandbox.configuration import Configuration, prepare
from sandbox.errors import AlreadyRunning, SandboxError, StartFailed
from sandbox.files import Lock, locked
from sandbox.furnishing import Furnishing
from sandbox.health import Health
from sandbox.helm import build_behind
from sandbox.lane.components import TRAEFIK
from sandbox.paths import StateFolder
from sandbox.processes import ProcessId
from sandbox.progress import Progress, Report, write_progress

LOOK_EVERY_SECONDS = 0.1
START_WITHIN_SECONDS = 150.0

log = logging.getLogger("sandbox")
T = TypeVar("T")


class _Stopped(Exception):
    """Someone asked us to end."""


class Supervisor:
    """The supervisor of one home. Use it in the main thread: it takes over SIGTERM and SIGINT."""

    def __init__(
        self, state: StateFolder, report: Report, *, owner: ProcessId | None = None, lane: bool = False
    ) -> None:
        """Progress goes to `report` besides the progress file. With an `owner`, ends when that process is gone.

        A `lane` has a router and Pods that answer, instead of the shop: see sandbox.lane.
        """
        self._state = state
        self._report_further = report
        self._owner = owner
        self._lane = lane
        self._children = Children(state)
        self._lock = Lock(state.supervisor_lock)
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

    def _begin(self, takes_over: bool) -> None:
        if self._take_lock():
            return
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

    def _take_lock(self) -> bool:
        """Take the supervisor's lock and show at once that this is another start: see status.look."""
        with locked(self._state.start_lock):
            if not self._lock.take(within_seconds=0):
                return False
            self._report(Progress("starting", "begin", "starting"))
            return True

    def _supervise(self) -> None:
        keeps_progress, helm_build = False, None
        try:
            self._children.end_strays()
            programs = self._interruptible(lambda: build(self._report))
            if self._lane:
                self._interruptible(lambda: build_programs(TRAEFIK, self._report))
            self._start(prepare(self._state, programs, lane=self._lane))
            helm_build = None if self._lane else build_behind(self._state)
            while not self._must_stop():
                self._children.repair()
                time.sleep(LOOK_EVERY_SECONDS)
        except SandboxError as error:
            self._report(Progress("failed", "failed", "failed", error=str(error)))
            keeps_progress = True
            raise
        finally:
            if helm_build is not None and helm_build.poll() is None:
                helm_build.terminate()
                helm_build.wait()
            self._children.end()
            if not keeps_progress:
                self._state.progress.unlink(missing_ok=True)
            self._lock.release()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True
        if self._may_interrupt:
            self._may_interrupt = False
            raise _Stopped

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
        health, furnishing = Health(configuration.pki), Furnishing(configuration)

        def before_start(component: Component) -> None:
            if component.plays_nodes:
                furnishing.release_nodes()

        self._children.take(configuration.components, before_start)
        well: set[str] = set()
        while not (len(well) == len(configuration.components) and furnishing.is_complete):
            if self._must_stop():
                raise _Stopped
            if time.monotonic() - began > START_WITHIN_SECONDS:
                raise self._not_started(well, furnishing)
            for child in self._children.all:
                if child.has_never_run and _is_due(child, well, furnishing):
                    self._children.start(child)
            self._children.repair()
            running = [child.component for child in self._children.all if child.process is not None]
            well = {name for name, answer in health.of(running).items() if answer}
            furnishing.advance(well)
            self._report_start(well, furnishing)
            time.sleep(LOOK_EVERY_SECONDS)
        self._report(Progress("ready", "ready", "ready", fraction=1.0))
        log.info("ready after %.1f s, kubeconfig %s", time.monotonic() - began, self._state.kubeconfig)

    def _report_start(self, well: set[str], furnishing: Furnishing) -> None:
        missing = self._missing(well)
        message = f"waiting for {missing[0]}" if missing else furnishing.doing
        steps = len(self._children.all) + furnishing.STEPS
        done = len(well) + furnishing.done
        self._report(Progress("starting", "start", message, done, steps, done / steps))

    def _not_started(self, well: set[str], furnishing: Furnishing) -> StartFailed:
        missing = self._missing(well)
        what = f"did not start: {', '.join(missing)}" if missing else f"did not finish: {furnishing.doing}"
        why = _last_lines(self._state, missing[0]) if missing else furnishing.why
        return StartFailed(
            f"The sandbox {what}", why=why, next=f"Read the logs in {self._state.logs}, then start it again"
        )

    def _missing(self, well: set[str]) -> list[str]:
        return [child.component.name for child in self._children.all if child.component.name not in well]

    def _report(self, progress: Progress) -> None:
        write_progress(self._state.progress, progress)
        self._report_further(progress)


def _is_due(child: Child, well: set[str], furnishing: Furnishing) -> bool:
    component = child.component
    return set(component.after) <= well and (furnishing.is_bootstrapped or not component.plays_nodes)


def _last_lines(state: StateFolder, component: str, count: int = 5) -> str:
    try:
        text = (state.logs / f"{component}.log").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "It was not started, because what it needs is not there"
    return "\n".join(text.splitlines()[-count:])
