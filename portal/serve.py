"""The processes of Slipway, each by its name: `python -m portal.serve web|worker|beat|watch`, or a management command.

The container image starts everything through this, and `make run` starts the same commands.
"""

from __future__ import annotations

import os
import sys

from durable import alive

# Who tries Slipway in a container is root there; Celery's long warning about that would bury what matters.
_CELERY = ["-W", "ignore::UserWarning:celery.platforms", "-m", "celery", "-A", "portal.celery", "--quiet"]
_ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
WORKER_THREADS = 8


def command(name: str, *, host: str = "127.0.0.1", port: str = "8000") -> list[str] | None:
    """The arguments behind `python` of one long-running process, None for a name that is none of them."""
    return {
        # Uvicorn waits for open streams for ever by default.
        "web": ["-m", "uvicorn", "portal.asgi:application", "--host", host, "--port", port,
                "--http", "portal.patience:Patient",
                "--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"],
        "worker": [*_CELERY, "worker", "-P", "threads", "-c", str(WORKER_THREADS), "--loglevel", "INFO", *_ALONE],
        # The in-memory scheduler: what is due stands in the database, and no file is left to go stale.
        "beat": [*_CELERY, "beat", "-S", "portal.beat:Scheduler", "--loglevel", "WARNING", "--pidfile="],
        "watch": ["manage.py", "watch"],
    }.get(name)  # fmt: skip


def main(arguments: list[str]) -> None:
    """Become the process that is asked for."""
    name, *rest = arguments or ["web"]
    host, port = os.environ.get("SLIPWAY_HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    chosen = command(name, host=host, port=port)
    if chosen is None:
        chosen = ["manage.py", name]
    else:
        os.environ["SLIPWAY_PROCESS"] = name
        alive.begins(name)
    os.execv(sys.executable, [sys.executable, *chosen, *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
