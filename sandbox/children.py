"""The processes of one supervisor: started, started again when they die, ended."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox import processes
from sandbox.components import Component
from sandbox.errors import StartFailed
from sandbox.paths import StateFolder
from sandbox.processes import ProcessId
from sandbox.records import SUPERVISOR, read_records, write_records

BACK_OFF_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
# A component that ran so long before it died starts with the shortest back-off again.
SETTLED_AFTER_SECONDS = 20.0
LOG_LIMIT_BYTES = 20_000_000
# What depends on others ends first. Each group gets its seconds, then it is killed: etcd holds all that matters.
END_ORDER = (
    (("traefik", "pods", "prometheus", "kwok", "kube-scheduler", "kube-controller-manager"), 2.0),
    (("kube-apiserver",), 2.5),
    (("etcd",), 2.0),
)

log = logging.getLogger("sandbox")


@dataclass
class Child:
    """One component and the process that runs it, if one does."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    identity: ProcessId | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths_in_a_row: int = 0

    @property
    def has_never_run(self) -> bool:
        return self.process is None and self.deaths_in_a_row == 0


class Children:
    """All components of one home. What runs is written down, so that it is found after this process was killed."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._children: dict[str, Child] = {}
        self._before_start: Callable[[Component], None] = lambda component: None

    def end_strays(self) -> None:
        """End what an earlier supervisor of this home left behind, and write down this process."""
        processes.end(read_records(self._state.processes).values(), grace_seconds=2.0)
        self._record()

    def take(self, components: tuple[Component, ...], before_start: Callable[[Component], None]) -> None:
        """Be responsible for `components`, none of which runs yet. `before_start` is called before each (re)start."""
        self._children = {component.name: Child(component) for component in components}
        self._before_start = before_start

    @property
    def all(self) -> list[Child]:
        return list(self._children.values())

    def start(self, child: Child) -> None:
        """Start a child. Raises StartFailed when the program cannot be run."""
        name = child.component.name
        self._before_start(child.component)
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

    def repair(self) -> None:
        """Notice what has died, and start again what is due. Raises StartFailed as `start` does."""
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
                self.start(child)

    def end(self) -> None:
        """End all, in order, within 7 seconds."""
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


def _said(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
