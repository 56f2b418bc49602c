"""A process beside a set of machines that ends them when their owner has ended, however it ended."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from sandbox.paths import REPOSITORY
from sandbox.processes import ProcessId
from sandbox.records import read_records, write_records

RECORD = "keeper.json"


def start(folder: Path, home: Path) -> None:
    """Have the machines in `folder` end with this process. Another owner's keeper is replaced."""
    stop(folder)
    owner = ProcessId.of(os.getpid())
    assert owner is not None  # noqa: S101 - this process is alive
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "hosts", "keep", f"{owner.pid}:{owner.started}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=REPOSITORY,
        env=os.environ | {"SLIPWAY_HOME": str(home)},
        start_new_session=True,
    )
    identity = ProcessId.of(process.pid)
    if identity is not None:
        write_records(folder / RECORD, {"keeper": identity})
    _CHILDREN.append(process)


def stop(folder: Path) -> None:
    """End the keeper of a set, unless that is who asks."""
    for keeper in read_records(folder / RECORD).values():
        if keeper.pid != os.getpid():
            keeper.send(signal.SIGKILL)
            for child in _CHILDREN:
                if child.pid == keeper.pid:
                    child.wait()


def wait_for_end_of(owner: ProcessId) -> None:
    """Return when the process has ended."""
    try:
        handle = os.pidfd_open(owner.pid)
    except ProcessLookupError:
        return
    try:
        # Between its start and this line the id may have gone to another.
        if owner.is_alive:
            select.select([handle], [], [])
    finally:
        os.close(handle)


# Kept so that they can be reaped.
_CHILDREN: list[subprocess.Popen[bytes]] = []
