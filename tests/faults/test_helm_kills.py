"""A worker that is killed while Helm runs takes Helm with it, and the operation is finished by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team, User
from charts.models import HelmOperation
from charts.operating import advance
from tests.callers import ApiClient
from tests.charts.conftest import Place, ended, helm_found, helm_program, log_of, place
from tests.charts.test_recover import ENDLESS
from tests.conftest import until
from tests.factories.charts import new_upload

__all__ = ["helm_found", "helm_program", "place"]

WORKER = """
import django
django.setup()
from charts.operating import advance
advance({operation!r})
"""
SLOW = "{{ if .Values.slow }}\n" + ENDLESS + "{{ end }}\n"


@pytest.fixture
def committed(transactional_db: None) -> None:
    """Rows that another process can see."""


def killed_in_helm(operation: HelmOperation, place: Place) -> None:
    """Let a worker bring the operation on in a process of its own, and kill that while Helm waits for the hook."""
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SLIPWAY_DATABASE_URL": f"sqlite://{connection.settings_dict['NAME']}",
        "SLIPWAY_HELM": place.helm_program,
    }
    code = WORKER.format(operation=str(operation.pk))
    worker = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **told})
    try:
        until(lambda: "endless" in place.objects("apis/batch/v1/jobs"))
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()


def helms() -> list[str]:
    """The command lines of all processes of Helm."""
    said = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if "/helm " in line and "slipway-helm-" in line]


def test_it_is_recovered_and_done(
    committed: None, api: Callable[..., ApiClient], developer: User, payments: Team, place: Place, monkeypatch: Any
) -> None:
    new_upload(payments, **{"templates/hook.yaml": SLOW})
    answer = api(developer).post("/helm-releases/", place.wish(values={"slow": True}, timeout_seconds=60))
    operation = HelmOperation.objects.get(release_id=answer.json()["id"])
    killed_in_helm(operation, place)
    until(lambda: not any(place.namespace in line for line in helms()), seconds=5)
    assert place.helm_json("history", "web")[0]["status"] == "pending-install"

    operation.refresh_from_db()
    assert (operation.state, operation.step, operation.attempts) == ("running", "apply", 1)
    advance(operation.pk)
    operation.refresh_from_db()
    assert operation.attempts == 1, "the dead worker's lease had not run out"

    # What kept Helm waiting is gone from now on.
    HelmOperation.objects.filter(pk=operation.pk).update(lease_until=None, lease_owner="")
    operation.values = {"slow": False}
    operation.save(update_fields=["values"])
    operation = ended(operation)
    assert operation.state == "succeeded", log_of(operation)
    assert operation.attempts == 2 and "interrupted" in log_of(operation)
    history = place.helm_json("history", "web")
    assert [row["status"] for row in history] == ["superseded", "deployed"]


def test_one_that_always_dies_is_given_up(db: None, developer: User, payments: Team, place: Place) -> None:
    from tests.factories.charts import new_helm_release, new_operation

    upload = new_upload(payments)
    release = new_helm_release(place.cluster, place.namespace, "web", revision=0, status="pending-install")
    operation = new_operation(
        release,
        "install",
        by=developer,
        archive=upload.archive,
        values={},
        attempts=5,
        step="apply",
        begun_at_revision=0,
    )
    operation = ended(operation)
    assert operation.state == "failed" and "5 times" in operation.problem
    assert place.helm_json("list") == []
