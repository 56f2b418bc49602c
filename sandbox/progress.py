"""How far the build and the start are: a file that the portal's page reads, and one line for a terminal."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

from sandbox.files import write_atomically

BAR_WIDTH = 30
PLAIN_LINE_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """One look at the work: `fraction` is of the whole state (0 to 1), `done` of `total` of the phase."""

    state: Literal["building", "starting", "ready", "failed"]
    phase: str
    message: str
    done: int = 0
    total: int = 0
    fraction: float = 0.0
    eta_seconds: float | None = None
    error: str | None = None


Report = Callable[[Progress], None]


def write_progress(path: Path, progress: Progress) -> None:
    """Make `progress` what readers of `path` see."""
    write_atomically(path, json.dumps(asdict(progress)), mode=0o644)


def read_progress(path: Path) -> Progress | None:
    """What was last written to `path`; None when nothing was."""
    try:
        return Progress(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


class Terminal:
    """Draws progress on a stream: one bar that moves on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._last: Progress | None = None
        self._last_line_at = float("-inf")
        self._bar_is_open = False

    def show(self, progress: Progress) -> None:
        """Draw `progress` if it tells something new."""
        if progress == self._last:
            return
        is_new_phase = self._last is None or (progress.state, progress.phase) != (self._last.state, self._last.phase)
        self._last = progress
        if self._is_terminal and progress.state != "failed":
            self._stream.write("\r\x1b[K" + _one_line(progress, with_bar=True))
            self._bar_is_open = True
            if progress.state == "ready":
                self.close()
        elif is_new_phase or time.monotonic() - self._last_line_at >= PLAIN_LINE_EVERY_SECONDS:
            self.close()
            self._stream.write(_one_line(progress, with_bar=False) + "\n")
            self._last_line_at = time.monotonic()
        self._stream.flush()

    def close(self) -> None:
        """End the bar's line, so that what is printed next starts a new one."""
        if self._bar_is_open:
            self._stream.write("\n")
            self._bar_is_open = False


def _one_line(progress: Progress, *, with_bar: bool) -> str:
    words = [f"sandbox: {progress.message}"]
    if progress.state in ("building", "starting"):
        percent = f"{progress.fraction:4.0%}"
        if with_bar:
            filled = round(progress.fraction * BAR_WIDTH)
            words.insert(0, "[" + "#" * filled + "." * (BAR_WIDTH - filled) + "]" + percent)
        else:
            words.append(percent.strip())
    if progress.eta_seconds is not None:
        words.append(f"about {_duration(progress.eta_seconds)} left")
    return "  ".join(words)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, round(seconds))} s"
