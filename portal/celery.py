"""The Celery application. The numbers are those that survived kills of worker and broker when they were tried."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

from durable import alive
from portal import task_context
from portal.measures import tasks as measured_tasks
from portal.place import broker_url
from portal.settle import settle

SIGN_OF_LIFE_SECONDS = 3.0
ROOMS = (
    "durable",
    "audit",
    "accounts",
    "notifications",
    "sinks",
    "clusters",
    "services",
    "deployments",
    "charts",
    "installs",
    "webhooks",
)

app = Celery("slipway")
task_context.connect()
measured_tasks.connect()


@app.on_configure.connect
def configure(sender: Celery, **_kwargs: Any) -> None:
    """Celery's settings, read when they are first asked for, so that importing this needs no Django settings."""
    serving = os.environ.get("SLIPWAY_PROCESS") == "web"
    sender.conf.update(
        broker_url=broker_url(settings.REDIS_URL),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 300,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 20,
            # A page must not wait for a hanging broker: the due row is swept up by beat anyway.
            "socket_timeout": 1 if serving else 5,
            "socket_connect_timeout": 1 if serving else 2,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2},
        task_default_queue="default",
        task_queues=[Queue("ticks"), Queue("default")],
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A tick is only a hint and may be lost; the threads pool knows no time limits and no late acks.
        task_acks_late=False,
        worker_pool="threads",
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=5,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        # Of its own accord Celery closes the database before and after each task. It asks for this name as it stands.
        CELERY_DB_REUSE_MAX=500 if settings.DATABASES["default"].get("CONN_MAX_AGE") else None,
        timezone="UTC",
        beat_scheduler="portal.beat:Scheduler",
        beat_max_loop_interval=1,
        imports=[f"{room}.tasks" for room in ROOMS if find_spec(f"{room}.tasks")],
    )


@worker_ready.connect
def show_life(sender: Any, **_kwargs: Any) -> None:
    """From the worker's own event loop, so that a probe sees when that hangs."""
    settle(pages=False)
    sender.timer.call_repeatedly(SIGN_OF_LIFE_SECONDS, alive.show, ("worker",))


@app.on_after_finalize.connect
def collect_beat(sender: Celery, **_kwargs: Any) -> None:
    """Every room's `tasks.BEAT`. A message nobody fetched before the next one is due is dropped, so none pile up."""
    schedule: dict[str, Any] = {}
    for room in ROOMS:
        if find_spec(f"{room}.tasks"):
            for name, entry in getattr(import_module(f"{room}.tasks"), "BEAT", {}).items():
                options = {"expires": entry["schedule"], **entry.get("options", {})}
                schedule[name] = {**entry, "options": options}
    sender.conf.beat_schedule = schedule
