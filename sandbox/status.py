"""What a sandbox looks like from outside, at this moment."""

from dataclasses import dataclass
from typing import Any

from sandbox.build import bin_folder
from sandbox.certificates import Pki
from sandbox.components import api_url, components, prometheus_url
from sandbox.files import Lock, locked
from sandbox.health import Health
from sandbox.lane.components import lane_components
from sandbox.paths import StateFolder
from sandbox.ports import read_ports
from sandbox.progress import Progress, read_progress
from sandbox.records import read_records


@dataclass(frozen=True)
class Look:
    """Whether a supervisor lives, and what it (or the last one) reported."""

    is_supervised: bool
    progress: Progress | None


def look(state: StateFolder) -> Look:
    """One consistent look: the progress of a supervisor that lives is never that of an earlier one."""
    if not state.root.exists():
        return Look(is_supervised=False, progress=None)
    with locked(state.start_lock):
        return Look(Lock(state.supervisor_lock).is_held_elsewhere(), read_progress(state.progress))


def status(state: StateFolder) -> dict[str, Any]:
    """The answer of `status --json`.

    `state` is one of down, building, starting, ready, degraded (a component is not well), failed. `progress` is there
    while building or starting, and when that failed.
    """
    seen = look(state)
    ports, pki = read_ports(state.ports), Pki(state.pki)
    if ports is None or not pki.authority.cert.exists():
        return _answer(_state(seen, []), state, seen.progress)
    known = components(state, ports, bin_folder(), pki)
    if state.lane.exists():
        known += lane_components(state)
    alive = {name: process.pid for name, process in read_records(state.processes).items() if process.is_alive}
    well = Health(pki).of([component for component in known if component.name in alive])
    listed = [
        {"name": component.name, "pid": alive.get(component.name), "healthy": well.get(component.name, False)}
        for component in known
    ]
    urls = {"api_url": api_url(ports), "prometheus_url": prometheus_url(ports)}
    return _answer(_state(seen, listed), state, seen.progress) | urls | {"components": listed}


def _state(seen: Look, listed: list[dict[str, Any]]) -> str:
    progress = seen.progress
    if not seen.is_supervised:
        return "failed" if progress is not None and progress.state == "failed" else "down"
    if progress is None:
        return "starting"
    if progress.state == "ready" and not all(component["healthy"] for component in listed):
        return "degraded"
    return progress.state


def _answer(word: str, state: StateFolder, progress: Progress | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "state": word,
        "kubeconfig": str(state.kubeconfig),
        "api_url": None,
        "prometheus_url": None,
        "components": [],
        "audit_log": str(state.audit_log),
    }
    if progress is not None and word in ("building", "starting", "failed"):
        answer["progress"] = vars(progress)
    return answer
