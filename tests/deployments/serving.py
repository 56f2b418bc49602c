"""A real HTTP server in front of the calls that stay open, with Django behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import uvicorn
from django.core.asgi import get_asgi_application

from accounts.models import User
from deployments.stream import Stream
from deployments.wait import Wait
from tests.conftest import until
from tests.factories.accounts import token_of

RECHECK_SECONDS = 0.5


@contextmanager
def served(*, look_again_seconds: float) -> Iterator[str]:
    """The address of a server that looks at the database again this often when nothing wakes it."""
    django: Any = get_asgi_application()
    wait = Wait(django, look_again_seconds=look_again_seconds)
    stream = Stream(django, look_again_seconds=look_again_seconds, recheck_seconds=RECHECK_SECONDS)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        chosen: Any = wait if Wait.matches(scope["path"]) else stream if Stream.matches(scope["path"]) else django
        await chosen(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, seconds=10)
        yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def callers_at(url: str) -> Iterator[Callable[..., Caller]]:
    """`call(user)`: a caller with a new token of that user; `call()` has none. All are closed in the end."""
    with ExitStack() as stack:

        def call(user: User | None = None) -> Caller:
            caller = Caller(url, token_of(user) if user else "")
            stack.callback(caller.http.close)
            return caller

        yield call


class Caller:
    """Somebody with a token at that server."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, trust_env=False)

    def wait(self, release: Any, **params: Any) -> httpx.Response:
        return self.http.get(f"/releases/{release.pk}/wait/", params=params)

    @contextmanager
    def stream(self, release: Any, **headers: str) -> Iterator[httpx.Response]:
        accept = {"Accept": "text/event-stream"}
        with self.http.stream("GET", f"/releases/{release.pk}/events/", headers={**accept, **headers}) as response:
            yield response

    def in_background(self, release: Any, **params: Any) -> tuple[threading.Thread, list[httpx.Response]]:
        """A wait in a thread of its own, and where its answer will be."""
        answers: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: answers.append(self.wait(release, **params)))
        thread.start()
        return thread, answers
