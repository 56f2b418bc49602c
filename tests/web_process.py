"""The portal behind uvicorn as the web process has it, in this process: it sees the test's database and settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from portal.asgi import application
from portal.patience import Patient
from tests.conftest import until


@contextmanager
def web_process() -> Iterator[int]:
    """The port on which it listens."""
    config = uvicorn.Config(
        application, port=0, http=Patient, log_level="error", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, seconds=20)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
