"""Files that other processes read while we write them, and locks between processes."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace `path` by `text` in one step: a reader sees the old or the new file, never a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Lock:
    """A lock on a file that ends with the process that holds it, however that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, *, within_seconds: float | None) -> bool:
        """Take the lock, waiting for it so long (None: for ever). Returns whether it was got."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = None if within_seconds is None else time.monotonic() + within_seconds
        try:
            while not _flock(handle, wait=deadline is None):
                if deadline is not None and time.monotonic() >= deadline:
                    os.close(handle)
                    return False
                time.sleep(0.05)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back. Does nothing when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_held_elsewhere(self) -> bool:
        """Whether another process (or another Lock of this one) holds the lock now."""
        if not self._path.exists():
            return False
        if not self.take(within_seconds=0):
            return True
        self.release()
        return False


def _flock(handle: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on `path` for the block, waiting for it as long as it takes."""
    lock = Lock(path)
    lock.take(within_seconds=None)
    try:
        yield
    finally:
        lock.release()
