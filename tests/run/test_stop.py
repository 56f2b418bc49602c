"""However a run ends, nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.portal_run import ROOT
from tests.run.slipway import PROCESSES, Slipway, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(make_slipway: Callable[..., Slipway], number: signal.Signals) -> None:
    slipway = make_slipway()
    slipway.start()
    assert slipway.process is not None

    slipway.process.send_signal(number)

    assert slipway.process.wait(timeout=30) == 0
    assert slipway.alive() == set()
    assert [name for name in PROCESSES if slipway.pid(name)] == []


def test_a_signal_to_make_itself_ends_everything(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    environment = {**slipway.environment(), "SLIPWAY_SANDBOX": "off"}
    make = subprocess.Popen(["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    wait_until(slipway.is_served, 90, "the page is served")

    make.send_signal(signal.SIGTERM)

    make.wait(timeout=30)
    assert slipway.alive() == set()


def test_make_stop_ends_a_run_and_says_when_there_is_none(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    slipway.start()

    stopped, again = slipway.call("stop"), slipway.call("stop")

    assert (stopped.returncode, stopped.stdout) == (0, "Stopped.\n")
    assert (again.returncode, again.stdout) == (0, "Nothing was running.\n")
    assert slipway.alive() == set()


def test_status_without_a_run_says_how_to_start(make_slipway: Callable[..., Slipway]) -> None:
    answer = make_slipway().call("status")

    assert answer.returncode == 1
    assert "make run" in answer.stdout


def test_a_supervisor_killed_leaves_nothing_to_the_next(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    slipway.start()
    assert slipway.process is not None
    before = {name: slipway.pid(name) for name in PROCESSES}

    slipway.process.kill()
    slipway.process.wait()
    slipway.start()

    wait_until(lambda: all(slipway.pid(name) not in (0, before[name]) for name in PROCESSES), 10, "new processes")
    assert set(before.values()).isdisjoint(slipway.alive())


def test_a_recycled_process_number_is_never_signalled(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    (slipway.home / "run").mkdir()
    stranger = os.getpid()
    (slipway.home / "run" / "processes.json").write_text(f'{{"web": {{"pid": {stranger}, "started": "1"}}}}')

    assert slipway.call("stop").stdout == "Nothing was running.\n"
