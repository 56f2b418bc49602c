"""The Celery application: JSON only, nothing stored, ticks that never pile up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from portal.celery import app


def test_only_json_goes_over_the_broker() -> None:
    assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ["json"])
    assert app.conf.task_ignore_result


def test_beat_entries_of_every_room_are_collected_and_lapse_before_the_next() -> None:
    app.finalize()
    schedule = app.conf.beat_schedule
    assert {"worker-heartbeat", "audit-seal"} <= schedule.keys()
    assert all(0 < entry["options"]["expires"] <= entry["schedule"] for entry in schedule.values())


def test_every_entry_names_a_task_that_is_there() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_a_worker_on_sqlite_keeps_its_connection_from_one_message_to_the_next(tmp_path: Path) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "portal.settings", "SLIPWAY_PROCESS": "worker", "SLIPWAY_DATABASE_URL": ""}
    own = {"SLIPWAY_HOME": str(tmp_path), "SLIPWAY_LOCAL": "1"}

    said = subprocess.run(
        [sys.executable, "-c", BETWEEN_TWO_MESSAGES],
        env={**os.environ, **settings, **own},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "kept"


BETWEEN_TWO_MESSAGES = """
import django
django.setup()
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection
from portal.celery import app
app.finalize()
connection.ensure_connection()
opened = connection.connection
DjangoWorkerFixup(app).close_database()
print("kept" if connection.connection is opened else "closed")
"""


def test_a_lost_connection_ends_no_worker() -> None:
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss is False
