"""The merged log, and the bar below it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from portal.run.log import Log
from portal.run.progress import bar, duration


class Terminal(io.StringIO):
    """A terminal that keeps what was written."""

    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def make_log(tmp_path: Path) -> Iterator[Callable[[TextIO], Log]]:
    made: list[Log] = []

    def make(terminal: TextIO) -> Log:
        made.append(Log(tmp_path / "all.log", terminal))
        return made[-1]

    yield make
    for log in made:
        log.close()


def test_a_line_goes_to_terminal_and_file_with_the_name_of_its_process(
    make_log: Callable[[TextIO], Log], tmp_path: Path
) -> None:
    plain = io.StringIO()
    log = make_log(plain)

    log.line("worker", "ready")

    assert plain.getvalue() == "worker     | ready\n"
    at, _, rest = (tmp_path / "all.log").read_text().partition(" ")
    assert at.endswith("Z")
    assert rest == "worker     | ready\n"


def test_what_is_only_said_never_reaches_the_file(make_log: Callable[[TextIO], Log], tmp_path: Path) -> None:
    log = make_log(io.StringIO())

    log.say("password     swordfish")
    log.line("web", "started")

    assert "swordfish" not in (tmp_path / "all.log").read_text()


def test_lines_pass_above_the_bar(make_log: Callable[[TextIO], Log], tmp_path: Path) -> None:
    terminal = Terminal()
    log = make_log(terminal)

    log.bar("sandbox [##..]")
    log.line("web", "started")

    assert terminal.getvalue().endswith("| started\nsandbox [##..]")


def test_what_the_bar_tells_is_not_said_twice(make_log: Callable[[TextIO], Log], tmp_path: Path) -> None:
    terminal = Terminal()
    log = make_log(terminal)

    log.bar("sandbox: etcd [##..]")
    log.line("sandbox", "sandbox: etcd 50%")

    assert terminal.getvalue().endswith("sandbox: etcd [##..]")
    assert "sandbox: etcd 50%" in (tmp_path / "all.log").read_text()


def test_a_closed_terminal_does_not_end_the_log(make_log: Callable[[TextIO], Log], tmp_path: Path) -> None:
    log = make_log(Closed())

    log.line("web", "first")
    log.line("web", "second")

    assert (tmp_path / "all.log").read_text().count("\n") == 2


def test_a_bar_tells_share_and_time_left() -> None:
    drawn = bar("building", 0.5, 190)

    assert drawn.startswith("building [")
    assert drawn.count("#") == drawn.count(".")
    assert drawn.endswith("50%, about 3 min left")


def test_durations_are_said_as_people_do() -> None:
    assert [duration(seconds) for seconds in (0.4, 40, 100, 3600, 7500)] == [
        "0 s",
        "40 s",
        "2 min",
        "60 min",
        "2 h 5 min",
    ]
