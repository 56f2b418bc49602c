"""Progress is read by the portal's page while it is written, and drawn where people look."""

from __future__ import annotations

import io
from pathlib import Path

from sandbox.progress import Progress, Terminal, read_progress, write_progress

HALF = Progress("building", "compile", "building etcd", 50, 100, 0.5, 61.0)


class Screen(io.StringIO):
    """What a person sees."""

    def isatty(self) -> bool:
        return True


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_progress(tmp_path / "progress.json", HALF)

    assert read_progress(tmp_path / "progress.json") == HALF


def test_a_file_that_is_missing_or_broken_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("{")

    assert read_progress(tmp_path / "missing") is None
    assert read_progress(tmp_path / "broken") is None


def test_a_terminal_gets_one_bar_that_moves() -> None:
    screen = Screen()
    terminal = Terminal(screen)

    terminal.show(HALF)
    terminal.show(Progress("ready", "ready", "ready", fraction=1.0))

    assert screen.getvalue().count("\n") == 1
    assert "50%" in screen.getvalue()
    assert "about 61 s left" in screen.getvalue()


def test_a_log_gets_a_line_for_each_phase_and_not_for_each_step() -> None:
    file = io.StringIO()
    terminal = Terminal(file)

    for done in range(100):
        terminal.show(Progress("building", "compile", f"building ({done})", done, 100, done / 100))
    terminal.show(Progress("starting", "start", "waiting for etcd"))

    assert len(file.getvalue().splitlines()) == 2
