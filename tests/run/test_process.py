"""One program under supervision, without the portal."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.run.log import Log
from portal.run.pids import Record, Records, started_at
from portal.run.process import Process, Program
from tests.run.slipway import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    log = Log(tmp_path / "all.log", None)

    def make(script: str, **options: object) -> Process:
        program = Program("program", [sys.executable, "-c", script], **options)  # type: ignore[arg-type]
        return Process(program, log, Records(tmp_path))

    yield make
    log.close()


def logged(tmp_path: Path) -> str:
    return (tmp_path / "all.log").read_text()


async def test_a_program_that_runs_once_is_repeated_until_it_succeeds(
    make_process: Callable[..., Process], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    script = f"import pathlib, sys; m = pathlib.Path({str(mark)!r}); seen = m.exists(); m.touch(); sys.exit(not seen)"

    await asyncio.wait_for(make_process(script, once=True).keep(), 10)

    assert "program ended (exit code 1); starting it again" in logged(tmp_path)
    assert not (tmp_path / "program.pid").exists()


async def test_a_line_of_any_length_does_not_stop_the_log(make_process: Callable[..., Process], tmp_path: Path) -> None:
    await make_process("print('x' * 3_000_000); print('after')").run()

    assert logged(tmp_path).endswith("program    | after\n")


async def test_one_that_ignores_the_signal_is_killed_with_all_it_started(
    make_process: Callable[..., Process], tmp_path: Path
) -> None:
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); {child}"
    process = make_process(script, stop_seconds=0.3)
    keeping = asyncio.create_task(process.keep())
    async with asyncio.timeout(10):
        while not (tmp_path / "all.log").exists() or logged(tmp_path).count("| up") < 2:
            await asyncio.sleep(0.02)

    await process.end()
    await asyncio.wait_for(keeping, 5)

    assert "did not stop in 0 s: killed" in logged(tmp_path)


async def test_a_program_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "all.log", None)
    program = tmp_path / "program"
    process = Process(Program("program", [str(program)], once=True), log, Records(tmp_path))
    keeping = asyncio.create_task(process.keep())
    async with asyncio.timeout(10):
        while "could not be started" not in logged(tmp_path):
            await asyncio.sleep(0.02)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    await asyncio.wait_for(keeping, 10)

    assert "program is done" in logged(tmp_path)
    log.close()


async def test_standard_input_is_given_and_closed(make_process: Callable[..., Process], tmp_path: Path) -> None:
    await make_process("import sys; print(sys.stdin.read())", stdin=b"from a pipe").run()

    assert "| from a pipe" in logged(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    pid_file = tmp_path / "program.pid"
    wait_until(pid_file.exists, 10, "the child is started")
    child = Record(int(pid_file.read_text()), started_at(int(pid_file.read_text())))
    assert child.is_alive

    parent.kill()
    parent.wait()

    wait_until(lambda: not child.is_alive, 5, "the child ends")


PARENT = """
import asyncio, sys
from pathlib import Path
from portal.run.log import Log
from portal.run.pids import Records
from portal.run.process import Process, Program

folder = Path(sys.argv[1])
program = Program("program", [sys.executable, "-c", "import time; time.sleep(60)"])
asyncio.run(Process(program, Log(folder / "all.log", None), Records(folder)).keep())
"""


def test_a_record_knows_its_own_process_from_a_later_one() -> None:
    own = Record(os.getpid(), started_at(os.getpid()))

    assert own.is_alive
    assert not Record(os.getpid(), "1").is_alive


def test_leftovers_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    records = Records(tmp_path)
    records.add("left", left.pid)
    records._write({**records.read(), "stranger": Record(os.getpid(), "1")})

    ended = records.end_leftovers()

    assert ended == ["left"]
    assert left.wait(5) == -signal.SIGTERM
    assert records.read() == {}
