"""Whether this very process still goes round: a file of its own in SLIPWAY_HOME, for a probe in the same container.

`python -m durable.alive [NAME]` exits with 0 while the process NAME does, without a name for the one that
`portal.serve` began here. `durable.heartbeat` tells whether any process of a kind works; a probe must restart the one
that hangs. Nothing of Django is imported, so that asking costs little.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

OLDEST_SECONDS = 30.0
HTTP_SECONDS = 5
SERVED = "served"


def _folder() -> Path:
    return Path(os.environ.get("SLIPWAY_HOME", ".slipway")) / "run"


def show(name: str) -> None:
    """Note that the process `name` got round once more."""
    file = _folder() / f"{name}.alive"
    try:
        file.touch(mode=0o600)
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)


def age(name: str) -> float | None:
    """Seconds since the process `name` showed a sign of life, None when it never did."""
    try:
        return time.time() - (_folder() / f"{name}.alive").stat().st_mtime
    except FileNotFoundError:
        return None


def begins(name: str) -> None:
    """Note that this container runs the process `name`."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    (_folder() / SERVED).write_text(name)


def problem(name: str) -> str:
    """ "" while the process `name` is alive, else what is wrong."""
    if name == "web":
        return _problem_of_web()
    seconds = age(name)
    if seconds is None:
        return f"{name} has shown no sign of life yet"
    return f"{name} was last alive {seconds:.0f} s ago" if seconds > OLDEST_SECONDS else ""


def _problem_of_web() -> str:
    url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz/live"
    try:
        with urllib.request.urlopen(url, timeout=HTTP_SECONDS):
            return ""
    except (urllib.error.URLError, TimeoutError) as error:
        return f"web does not answer: {error}"


def main(arguments: list[str]) -> int:
    """Say what is wrong on standard error; answer the exit code."""
    served = _folder() / SERVED
    name = arguments[0] if arguments else served.read_text() if served.exists() else "web"
    if wrong := problem(name):
        sys.stderr.write(f"{wrong}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
