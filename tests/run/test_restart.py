"""What is killed comes back at once, and the whole is ready again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.slipway import PROCESSES, Slipway, wait_until


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_process_is_restarted_within_a_second(slipway: Slipway, name: str) -> None:
    killed = slipway.pid(name)

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: slipway.pid(name) not in (0, killed), 1.0, f"a new {name}")
    wait_until(slipway.is_ready, 60, f"everything answers after the death of {name}")


def test_one_that_keeps_dying_is_started_with_growing_pauses(slipway: Slipway) -> None:
    for _ in range(3):
        killed = slipway.pid("beat")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda before=killed: slipway.pid("beat") not in (0, before), 2.0, "a new beat")

    pauses = [line.rpartition("again in ")[2] for line in slipway.log().splitlines() if "beat ended" in line]
    assert pauses[-1] > pauses[-3]


def test_killing_all_at_once_is_survived(slipway: Slipway) -> None:
    killed = {name: slipway.pid(name) for name in PROCESSES}

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    wait_until(lambda: all(slipway.pid(name) not in (0, killed[name]) for name in PROCESSES), 5.0, "all are back")
    wait_until(slipway.is_ready, 60, "everything answers")


def test_status_names_every_process(slipway: Slipway) -> None:
    answer = slipway.call("status")

    assert answer.returncode == 0
    assert f"http://127.0.0.1:{slipway.port}" in answer.stdout
    for name in PROCESSES:
        assert f"{slipway.pid(name)}" in answer.stdout


def test_secrets_of_the_run_are_in_no_argument_and_no_log(slipway: Slipway) -> None:
    password = (slipway.home / "run" / "redis-url").read_text().partition(":@")[0].rpartition(":")[2].partition("@")[0]
    assert len(password) > 20

    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in slipway.alive()]

    assert len(lines) >= len(PROCESSES)
    assert not any(password.encode() in line for line in lines)
    assert password not in slipway.log()
    assert (slipway.home / "admin-password").read_text().strip() not in slipway.log()


def test_what_holds_secrets_is_closed_to_others(slipway: Slipway) -> None:
    def found() -> Iterator[Path]:
        yield from (slipway.home / "run" / "redis-url", slipway.home / "admin-password")
        yield from (slipway.home / "keys").iterdir()

    assert [file.name for file in found() if file.stat().st_mode & 0o077] == []
