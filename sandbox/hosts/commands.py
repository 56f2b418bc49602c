"""Programs of the system that are run to their end."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import StartFailed

WITHIN_SECONDS = 60.0


def run(*words: str | Path, doing: str, within_seconds: float = WITHIN_SECONDS, stdin: str = "") -> str:
    """Run a program and return what it printed. Raises StartFailed with what it said."""
    try:
        done = _run(words, within_seconds, stdin)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartFailed(f"{doing} failed", why=str(error)) from error
    if done.returncode != 0:
        raise StartFailed(f"{doing} failed", why=(done.stderr.strip() or done.stdout.strip())[-2000:])
    return done.stdout


def attempt(*words: str | Path) -> bool:
    """Run a program that may fail because there is nothing to do. Returns whether it succeeded."""
    return _run(words, WITHIN_SECONDS, "").returncode == 0


def unmount(path: Path) -> bool:
    """Unmount all that is mounted there; what is still in use goes when that ends. Returns whether none is left."""
    while os.path.ismount(path):
        if not attempt("umount", path) and not attempt("umount", "--lazy", path):
            return False
    return True


def _run(words: Sequence[str | Path], within_seconds: float, stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=within_seconds,
        input=stdin,
    )
