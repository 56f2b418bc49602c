"""The Celery application: JSON only, nothing stored, ticks that never pile up."""

from __future__ import annotations

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


def test_a_lost_connection_ends_no_worker() -> None:
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss is False
