"""A progress bar as one line of text, and the words for how long something takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def bar(label: str, fraction: float, eta_seconds: float | None = None) -> str:
    """`label [#####.....]  42 %, about 3 min left`, as wide as the terminal allows. `fraction` is 0 to 1."""
    fraction = min(max(fraction, 0.0), 1.0)
    tail = f" {fraction:4.0%}" + (f", about {duration(eta_seconds)} left" if eta_seconds else "")
    columns = shutil.get_terminal_size().columns
    width = max(10, min(40, columns - len(label) - len(tail) - 4))
    full = round(width * fraction)
    return f"{label} [{'#' * full}{'.' * (width - full)}]{tail}"[: columns - 1]


def duration(seconds: float) -> str:
    """A length of time as a person says it: `40 s`, `3 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def read_progress(file: Path) -> dict[str, Any]:
    """What the sandbox noted last: `{state, phase, done, total, fraction, eta_seconds, message}`; {} before it did."""
    try:
        progress = json.loads(file.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return progress if isinstance(progress, dict) else {}
