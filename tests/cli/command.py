"""The command as people and CI jobs run it: a process of its own, in surroundings that hold nothing of the test's."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.portal_run import ROOT

SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How a run of it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Running:
    """One that goes on; what it says on stderr is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            for line in stderr:
                self._lines.put(line.rstrip("\n"))
        self._lines.put("")

    def until_it_says(self, words: str, seconds: float = 60) -> str:
        """The line that holds the words."""
        give_up = time.monotonic() + seconds
        while True:
            line = self._lines.get(timeout=max(0.1, give_up - time.monotonic()))
            self.said.append(line)
            if words in line:
                return line
            assert line or self.process.poll() is None, f"it ended without “{words}”: {self.said}"

    def release_id(self) -> str:
        """The id of the release that it has begun."""
        return self.until_it_says("/releases/").split("release ")[1].split(",")[0]

    def end(self, seconds: float = SECONDS) -> Ended:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            out = stdout.read()
        code = self.process.wait(seconds)
        self._reader.join(5)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return Ended(code, out, "\n".join(self.said))


class Cli:
    """`slipway` with a home of its own; `env` is more of its environment."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        self.env = env

    def with_(self, **env: str) -> Cli:
        """The same on the same machine, with more variables."""
        return Cli(self.home, **{**self.env, **env})

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT / "cli"),
            "SLIPWAY_RETRY_SECONDS": "20",
            **self.env,
        }

    @property
    def words(self) -> list[str]:
        return [sys.executable, "-m", "slipway_cli"]

    def __call__(self, *arguments: str, given: str = "") -> Ended:
        """Run it to its end."""
        done = subprocess.run(
            [*self.words, *arguments],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: str) -> Running:
        """Start it and leave it running."""
        process = subprocess.Popen(
            [*self.words, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Running(process)
