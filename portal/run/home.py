"""The folder of one installation (SLIPWAY_HOME), as the supervisor uses it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
SOCKET_PATH_LIMIT = 103


class AlreadyRunning(Exception):
    """Another supervisor holds this home."""


@dataclass(frozen=True)
class Home:
    """Paths below one SLIPWAY_HOME. `open` makes the folders."""

    path: Path

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Home:
        """The home at `path`, its folders made and closed to other users of the machine."""
        home = cls(Path(path).resolve())
        for folder in (home.path, home.run, home.logs, home.valkey):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return home

    @property
    def run(self) -> Path:
        """Pid files, sockets and what else is true only while it runs."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """The merged log and its older parts."""
        return self.path / "logs"

    @property
    def valkey(self) -> Path:
        """What the broker keeps on disk."""
        return self.path / "valkey"

    @property
    def admin_password(self) -> Path:
        """Written once, when the first administrator is made."""
        return self.path / "admin-password"

    @property
    def sandbox_progress(self) -> Path:
        """What the sandbox is doing, written by the sandbox."""
        return self.path / "sandbox" / "progress.json"

    def socket(self) -> Path:
        """Where the broker listens: below the home, or in a private short folder when that path is too long.

        Raises PermissionError when the short folder belongs to somebody else.
        """
        wanted = self.run / "valkey.sock"
        if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
            return wanted
        folder = self._short_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.lstat()
        if owner.st_uid != os.getuid() or owner.st_mode & 0o077 or folder.is_symlink():
            raise PermissionError(
                f"{folder} is not a private folder of yours: remove it or choose a shorter SLIPWAY_HOME"
            )
        return folder / "v.sock"

    def forget_socket(self) -> None:
        """Remove the short folder, if one was made; what else somebody put there stays."""
        folder = self._short_folder()
        (folder / "v.sock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()

    def _short_folder(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"slipway-{os.getuid()}-{digest}"

    def lock(self) -> IO[str]:
        """Hold this home for as long as the answered file is open.

        Raises AlreadyRunning while another process holds it.
        """
        held = (self.run / "lock").open("a")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held.close()
            raise AlreadyRunning(str(self.path)) from error
        return held
