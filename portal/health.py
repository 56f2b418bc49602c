"""Whether this portal is alive, and whether everything it needs answers. Both may be asked without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from durable import heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST_HEARTBEAT_SECONDS = 15.0


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as pages are served at all."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when database, migrations, broker, worker and watcher answer; else 503, naming in `missing` what does not."""
    checks: dict[str, Callable[[], str]] = {
        "database": database,
        "migrations": migrations,
        "broker": broker,
        "worker": lambda: alive("worker"),
        "watcher": lambda: alive("watch"),
    }
    said = {name: _ask(check) for name, check in checks.items()}
    missing = [name for name, problem in said.items() if problem]
    body = {
        "status": "not ready" if missing else "ready",
        "missing": missing,
        "checks": {name: problem or "ok" for name, problem in said.items()},
    }
    response = JsonResponse(body, status=503 if missing else 200)
    # Django would log each 503 as an error, and probes ask every second while a portal starts.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _ask(check: Callable[[], str]) -> str:
    try:
        return check()
    except DatabaseError:
        return "the database does not answer"


def database() -> str:
    """ "" when a statement goes through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def migrations() -> str:
    """ "" when the tables are those of this version."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations wait: run manage.py migrate" if waiting else ""


def broker() -> str:
    """ "" when Redis or Valkey answers."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as connected:
            connected.ping()
    except RedisError as error:
        return f"the broker does not answer: {type(error).__name__}"
    return ""


def alive(name: str) -> str:
    """ "" when the process has shown a sign of life lately."""
    age = heartbeat.age(name)
    if age is None:
        return "never seen"
    return f"last seen {age:.0f} s ago" if age > OLDEST_HEARTBEAT_SECONDS else ""
