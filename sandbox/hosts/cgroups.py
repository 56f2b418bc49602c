"""A control group of its own for every machine, of either version: kubelets would otherwise share `/kubepods`.

What is in such a group belongs to the machine and to nothing else, so it also tells which processes to end.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from sandbox.processes import wait_until

MOUNT = Path("/sys/fs/cgroup")
KILL_WITHIN_SECONDS = 20.0


def is_v2() -> bool:
    """Whether this computer has the unified hierarchy alone."""
    return (MOUNT / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    if is_v2():
        return [MOUNT]
    # Names of controllers that are mounted together are links to one folder.
    return sorted({folder.resolve() for folder in MOUNT.iterdir() if (folder / "cgroup.procs").exists()})


@dataclass(frozen=True)
class ControlGroup:
    """A group by its path below the root, in every hierarchy."""

    path: str

    @property
    def folders(self) -> list[Path]:
        return [folder for hierarchy in _hierarchies() if (folder := hierarchy / self.path).is_dir()]

    def create(self) -> list[Path]:
        """Make the group, and return the files that a process writes its id to in order to enter it."""
        for hierarchy in _hierarchies():
            folder = hierarchy
            for name in Path(self.path).parts:
                _hand_down_controllers(folder)
                folder = folder / name
                folder.mkdir(exist_ok=True)
                _fill_cpuset(folder)
        return [folder / "cgroup.procs" for folder in self.folders]

    def pids(self) -> set[int]:
        """Who is in the group or below it."""
        found: set[int] = set()
        for folder in self.folders:
            for file in [folder / "cgroup.procs", *folder.rglob("cgroup.procs")]:
                try:
                    found.update(int(line) for line in file.read_text(encoding="ascii").split())
                except OSError:
                    continue
        return found - {0}

    def end(self) -> bool:
        """Kill whoever is in the group, and remove it. Returns whether nothing is left. Idempotent.

        Static pods outlive a polite end, and a group is left by no one but by dying: so it is SIGKILL, again and
        again until the group is empty.
        """
        return wait_until(self._kill, within_seconds=KILL_WITHIN_SECONDS) and wait_until(
            self._remove, within_seconds=KILL_WITHIN_SECONDS
        )

    def _kill(self) -> bool:
        pids = self.pids()
        for pid in sorted(pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not pids

    def _remove(self) -> bool:
        for folder in self.folders:
            below = sorted((path for path in folder.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
            for path in [*below, folder]:
                try:
                    path.rmdir()
                except OSError:
                    continue
        return not self.folders


def _fill_cpuset(folder: Path) -> None:
    """In version 1 a new cpuset is empty, and nothing can enter it; its children shall be born filled."""
    clone = folder / "cgroup.clone_children"
    if is_v2() or not (folder / "cpuset.cpus").exists():
        return
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (folder / name).read_text(encoding="ascii").strip():
            (folder / name).write_text((folder.parent / name).read_text(encoding="ascii"), encoding="ascii")
    clone.write_text("1", encoding="ascii")


def _hand_down_controllers(folder: Path) -> None:
    """In version 2 a group has the controllers that its parent hands down."""
    if not is_v2():
        return
    for controller in (folder / "cgroup.controllers").read_text(encoding="ascii").split():
        try:
            (folder / "cgroup.subtree_control").write_text(f"+{controller}", encoding="ascii")
        except OSError:
            # Refused where processes are in the folder itself, as in the root of a container.
            continue
