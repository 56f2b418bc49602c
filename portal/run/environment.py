"""Make `.venv` and install one lock file into it, with a bar. Runs on a bare Python: standard library alone.

Usage: python3 portal/run/environment.py requirements/runtime.txt
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

VENV = Path(".venv")
# Of the whole time of a first run, unpacking at the end takes about this share.
UNPACKING_SHARE = 0.4
PLAIN_LINE_SECONDS = 5.0


def install(lock: Path) -> int:
    """Install exactly what `lock` pins by hash; answers pip's exit code. Pip's own configuration says from where."""
    python = VENV / "bin" / "python"
    if not python.exists():
        print("Making a virtual environment in .venv", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    wanted = len(re.findall(r"^[\w.-]+==", lock.read_text(), flags=re.MULTILINE))
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    process = subprocess.Popen(
        [*pip, "--require-hashes", "-r", str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    last_lines: deque[str] = deque(maxlen=30)
    progress = Progress(f"Python packages of {lock.name}", wanted)
    for line in process.stdout or ():
        last_lines.append(line)
        progress.saw(line)
    code = process.wait()
    progress.end(code == 0)
    if code != 0:
        print("".join(last_lines), end="")
        print(f"pip could not install {lock}: its last lines are above. Is a package index reachable from here?")
    return code


class Progress:
    """The bar of one installation, moved on by pip's own lines."""

    def __init__(self, label: str, wanted: int) -> None:
        self.label = label
        self.wanted = wanted
        self.fetched = 0
        self.began = time.monotonic()
        self.said_at = self.began
        self.is_tty = sys.stdout.isatty()

    def saw(self, line: str) -> None:
        """Take in one line of pip."""
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self.fetched += 1
            self._show(f"{self.fetched} of {self.wanted}")
        elif line.startswith("Installing collected packages"):
            self.fetched = self.wanted
            self._show("unpacking")

    def _show(self, what: str) -> None:
        now = time.monotonic()
        fraction = min(self.fetched / self.wanted, 1.0) * (1 - UNPACKING_SHARE)
        left = (now - self.began) * (1 - fraction) / fraction
        text = f"{self.label} [{'#' * round(fraction * 30):.<30}] {fraction:4.0%}, {what}, about {left:.0f} s left"
        if self.is_tty:
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif now - self.said_at > PLAIN_LINE_SECONDS or what == "unpacking":
            self.said_at = now
            print(text, flush=True)

    def end(self, succeeded: bool) -> None:
        """Say how long it took."""
        if self.is_tty:
            print("\r\x1b[K", end="")
        if succeeded:
            print(f"{self.label}: in place after {time.monotonic() - self.began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(install(Path(sys.argv[1])))
