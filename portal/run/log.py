"""One log for all processes: to the terminal with a coloured name before each line, and to a file with the time."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

COLOURS = {"web": 36, "worker": 33, "beat": 35, "watch": 34, "valkey": 31, "sandbox": 32, "slipway": 1}
FILE_BYTES, FILES_KEPT = 10_000_000, 3
CLEAR_LINE = "\r\x1b[K"


class Log:
    """Lines of many processes, and at most one progress bar that stays below them."""

    def __init__(self, file: Path, terminal: TextIO | None) -> None:
        self.terminal = terminal
        self.is_tty = terminal is not None and terminal.isatty()
        self.bar_text = ""
        self.file = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")

    def line(self, source: str, text: str) -> None:
        """One line of `source`, everywhere."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.file.emit(logging.makeLogRecord({"msg": f"{at} {source:<10} | {text}"}))
        if self.bar_text and text.startswith(f"{source}: "):
            return  # the bar tells the same, and moves
        name = f"\x1b[{COLOURS.get(source, 37)}m{source:<10}\x1b[0m" if self.is_tty else f"{source:<10}"
        self.say(f"{name} | {text}")

    def say(self, text: str) -> None:
        """A line for the person at the terminal alone; never in the file, so a first password may be said."""
        self._print(f"{CLEAR_LINE if self.bar_text else ''}{text}\n{self.bar_text}")

    def bar(self, text: str) -> None:
        """Show `text` as the last line of a terminal, "" to take it away; nothing where no terminal is."""
        if self.is_tty and text != self.bar_text:
            self.bar_text = text
            self._print(f"{CLEAR_LINE}{text}")

    def close(self) -> None:
        """Write no more lines."""
        self.file.close()

    def _print(self, text: str) -> None:
        if self.terminal is None:
            return
        try:
            self.terminal.write(text)
            self.terminal.flush()
        except (OSError, ValueError):
            # The terminal was closed; the file goes on.
            self.terminal = None
