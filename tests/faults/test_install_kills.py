"""A worker that is killed -9 anywhere in a step: the next one looks first, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from installs.models import Install, InstallRun
from installs.running import advance
from installs.shapes import Step
from tests.conftest import until
from tests.installs.conftest import drafted, ended, log_of, planned_run, sshd, step

__all__ = ["drafted", "sshd"]

WORKER = """
import django
django.setup()
from installs.running import advance
advance({run!r})
"""


@pytest.fixture
def committed(transactional_db: None) -> None:
    """Rows that another process can see."""


def killed_when(run: InstallRun, is_there: Callable[[], bool], *, seconds: float = 30) -> None:
    """Let a worker carry the run out in a process of its own, and kill it at that moment."""
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SLIPWAY_DATABASE_URL": f"sqlite://{connection.settings_dict['NAME']}",
        "SLIPWAY_BUNDLES": str(settings.BUNDLES),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER.format(run=str(run.pk))], env={**os.environ, **told})
    try:
        until(is_there, seconds=seconds)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()


def taken_over(run: InstallRun, *, seconds: float = 60) -> InstallRun:
    """The next worker's run, once the dead one's lease has ended."""
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "running", "the dead worker's lease had not ended"
    InstallRun.objects.filter(pk=run.pk).update(lease_until=None, lease_owner="")
    return ended(run, seconds=seconds)


def in_phase(phase: str, at: Path) -> Step:
    """A step that waits in one of its phases until it may go on, and counts how often its script ran."""
    wait = f"touch {at}/there; while [ ! -e {at}/go ]; do sleep 0.1; done"
    count = f"echo x >> {at}/count"
    scripts = {
        "probe": (f"{wait}; grep -q x {at}/count", count, f"grep -q x {at}/count"),
        "script": (f"[ -e {at}/end ]", f"{count}; {wait}; touch {at}/end", ""),
        "verify": (f"[ -e {at}/end ]", f"{count}; touch {at}/end", f"{wait}; [ -e {at}/end ]"),
    }
    probe, script, verify = scripts[phase]
    return step("the-step", script, probe=probe, verify=verify)


@pytest.mark.parametrize("phase", ["probe", "script", "verify"])
def test_killed_in_a_phase_of_a_step_its_script_still_runs_once(
    committed: None, valkey: Any, drafted: Callable[..., Install], tmp_path: Path, phase: str
) -> None:
    run = planned_run(drafted(), in_phase(phase, tmp_path), step("after", f"echo a >> {tmp_path}/after", stage=2))
    killed_when(run, (tmp_path / "there").exists)
    assert not (tmp_path / "after").exists()

    # What the dead worker began goes on by itself on the host.
    (tmp_path / "go").touch()
    run = taken_over(run)

    assert run.state == "succeeded", log_of(run)
    assert (tmp_path / "count").read_text() == "x\n"
    assert (tmp_path / "after").read_text() == "a\n"


def test_a_script_under_way_holds_the_host_until_it_has_ended(
    committed: None, valkey: Any, drafted: Callable[..., Install], tmp_path: Path
) -> None:
    script = f"echo begin >> {tmp_path}/said; touch {tmp_path}/there; sleep 4; echo end >> {tmp_path}/said"
    run = planned_run(drafted(), step("slow", script, probe=f"grep -q end {tmp_path}/said"))
    killed_when(run, (tmp_path / "there").exists)

    run = taken_over(run)

    assert run.state == "succeeded", log_of(run)
    assert (tmp_path / "said").read_text() == "begin\nend\n"


def test_a_secret_that_died_with_its_worker_is_given_again(
    committed: None, valkey: Any, drafted: Callable[..., Install], tmp_path: Path
) -> None:
    """Lost between script and save: the host has done its part, nobody has heard it."""
    gives = step(
        "gives",
        f"echo x >> {tmp_path}/count; echo ::give KEY=0123456789; touch {tmp_path}/there;"
        f" while [ ! -e {tmp_path}/go ]; do sleep 0.1; done",
        probe=f"[ -e {tmp_path}/go ]",
        gives=("KEY",),
    )
    needs = step("needs", f'echo "$KEY" > {tmp_path}/key', needs=("KEY",), stage=2)
    run = planned_run(drafted(), gives, needs)
    killed_when(run, (tmp_path / "there").exists)
    (tmp_path / "go").touch()

    run = taken_over(run)

    assert run.state == "succeeded", log_of(run)
    assert (tmp_path / "key").read_text() == "0123456789\n"


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing_more(
    valkey: Any, drafted: Callable[..., Install], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installs.desk.RENEW_SECONDS", 0.2)
    run = planned_run(drafted(), step("one", "sleep 8"), step("two", f"touch {tmp_path}/two"))

    from installs import stepping

    real = stepping._run

    def and_lose(*args: Any, **kwargs: Any) -> Any:
        args[0].desk.ask(lambda: InstallRun.objects.filter(pk=run.pk).update(lease_owner="another"))
        return real(*args, **kwargs)

    monkeypatch.setattr("installs.stepping._run", and_lose)
    advance(run.pk)

    run.refresh_from_db()
    assert (run.state, run.lease_owner) == ("running", "another")
    assert not (tmp_path / "two").exists()
    assert [row.state for row in run.steps.all()] == ["running", "pending"]
