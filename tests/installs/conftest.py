"""A real sshd, and runs carried out in the test as workers do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from installs.models import Install, InstallRun, InstallStep
from installs.plain import step_values
from installs.running import advance
from installs.shapes import Step
from tests.installs.bodies import host_body, install_body
from tests.installs.sshd import PROGRAM, Sshd


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A server at which root signs in with a key."""
    if PROGRAM is None:
        pytest.skip("there is no sshd on this machine: install openssh-server")
    server = Sshd(tmp_path / "sshd").start()
    yield server
    server.stop()


def ended(run: InstallRun, *, seconds: float = 60) -> InstallRun:
    """The run, after workers have brought it to its end: passes follow each other as soon as they are due."""
    give_up = time.monotonic() + seconds
    while True:
        run.refresh_from_db()
        if run.has_ended:
            return run
        assert time.monotonic() < give_up, log_of(run)
        if run.due_at and run.due_at > timezone.now():
            time.sleep(0.05)
        advance(run.pk)


def carried_out(answer: Any, *, seconds: float = 60) -> InstallRun:
    """The run that a call began, at its end."""
    assert answer.status_code == 202, answer.content
    return ended(InstallRun.objects.get(pk=answer.json()["run"]["id"]), seconds=seconds)


def log_of(run: InstallRun) -> str:
    return "\n".join(f"{line.host} {line.step} {line.text}" for line in run.lines.all())


@pytest.fixture
def drafted(api: Callable[..., Any], admin: Any, sshd: Sshd) -> Callable[..., Install]:
    """`drafted()`: a draft with this machine as its one host, as an admin makes it over the API."""

    def make(*, pinned: bool = True, **values: Any) -> Install:
        credential = {"private_key": sshd.key}
        host = host_body("here", "127.0.0.1", port=sshd.port, credential=credential)
        if pinned:
            host["host_key"] = sshd.host_key
        answer = api(admin).post("/installs/", install_body(hosts=[host], **values))
        assert answer.status_code == 201, answer.content
        return Install.objects.get(pk=answer.json()["id"])

    return make


# What a retry plans again: see `plan_stays`.
PLANNED: list[Step] = []


@pytest.fixture
def plan_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry plans what `planned_run` was given."""
    monkeypatch.setattr("installs.running.plan", lambda *_asked: list(PLANNED))


def planned_run(install: Install, *steps: Step, kind: str = "certificates") -> InstallRun:
    """A run whose plan stands already, so that its hosts need not be ones that a cluster can be made of."""
    PLANNED[:] = steps
    run = InstallRun.objects.create(install=install, kind=kind, asked={"status_before": install.status})
    install.status = Install.Status.RUNNING
    install.save(update_fields=["status"])
    for number, step in enumerate(steps, start=1):
        InstallStep.objects.create(run=run, number=number, **step_values(step))
    return run


def step(name: str, script: str, **values: Any) -> Step:
    """One step on this machine."""
    return Step(id=name, title=name, script=script, **{"host": "here", "stage": 1, "timeout_seconds": 20, **values})
