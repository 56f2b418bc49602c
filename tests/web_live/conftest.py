"""A real HTTP server in front of the live stream alone, and browsers that listen to it."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from django.conf import settings
from redis import Redis

from accounts.api_auth import user_for_session
from accounts.models import User
from tests.callers import PageClient
from tests.conftest import until
from web import live
from web.live_stream import LiveStream

BEAT_SECONDS, RECHECK_SECONDS = 0.3, 0.4


class Ear:
    """One open stream, read by a thread of its own."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.heard: queue.Queue[str] = queue.Queue()
        self.ended = threading.Event()
        self.beats = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self.response.iter_lines():
                if line == "event: beat":
                    self.beats += 1
                elif line.startswith('data: {"topic'):
                    self.heard.put(json.loads(line[6:])["topic"])
        except (httpx.HTTPError, httpx.StreamError):
            pass
        finally:
            self.ended.set()

    def next(self, seconds: float = 5) -> str:
        """The next topic that arrives."""
        return self.heard.get(timeout=seconds)


class Server:
    """Where the stream is served."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"

    def get(self, topics: str, session_key: str = "", **headers: str) -> httpx.Response:
        """Ask once and close: for answers that are refusals."""
        with self._stream(topics, session_key, headers) as response:
            return response

    @contextmanager
    def listen(self, topics: str, session_key: str) -> Iterator[Ear]:
        """An open stream that has begun."""
        with self._stream(topics, session_key, {}) as response:
            assert response.status_code == 200, response.status_code
            ear = Ear(response)
            until(lambda: ear.beats, seconds=5)
            yield ear

    def _stream(self, topics: str, session_key: str, headers: dict[str, str]):
        cookies = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}"} if session_key else {}
        return httpx.stream(
            "GET", f"{self.url}/live/", params={"topics": topics}, headers={**cookies, **headers}, timeout=10
        )


@pytest.fixture
def stream(transactional_db: None, valkey: Redis) -> Iterator[Server]:
    """The live stream behind a real server, with short beats and checks."""
    app = LiveStream(user_for_session, beat_seconds=BEAT_SECONDS, recheck_seconds=RECHECK_SECONDS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, seconds=10)
    try:
        yield Server(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def session_of() -> Callable[[User], str]:
    """`session_of(user)`: the session key of a browser in which that user is signed in."""
    return lambda user: PageClient.of(user).cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture(autouse=True)
def harbour_topics() -> Iterator[None]:
    """Topics `harbour:<user name>`, which only that user may hear."""
    live.register_topic("harbour", lambda user, topic: topic == f"harbour:{user.username}")
    yield
    live.forget_topic("harbour")
