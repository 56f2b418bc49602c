"""T23: whatever takes a person's right away ends their open streams and waits, within half a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import httpx
import pytest
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils import timezone
from redis import Redis

from accounts import event_stream
from accounts.api_auth import user_for_session
from accounts.models import Membership, Team, Token, User
from deployments import wait
from deployments.models import Release
from deployments.stream import Stream
from installs.models import Install
from installs.stream import Stream as InstallStream
from tests.callers import PageClient
from tests.conftest import until
from tests.factories.accounts import token_of
from tests.factories.deployments import checkout_target, new_release
from tests.factories.installs import running_install
from web import live_stream
from web.live_stream import LiveStream

RECHECK = 0.4
# What a check may take beside the time between two of them, on a machine that is busy.
SLACK_SECONDS = 10


@pytest.fixture
def release(transactional_db: None, payments: Team) -> Release:
    return new_release(checkout_target(payments, "dev"))


@pytest.fixture
def url(transactional_db: None, valkey: Redis) -> Iterator[str]:
    """A server with every stream that there is, and short times between checks."""
    django: Any = get_asgi_application()
    often: Any = {"look_again_seconds": 0.3, "recheck_seconds": RECHECK}
    streams: list[Any] = [wait.Wait(django, **often), Stream(django, **often), InstallStream(django, **often)]
    live = LiveStream(user_for_session, beat_seconds=RECHECK, recheck_seconds=RECHECK)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        chosen = next((one for one in streams if one.matches(scope["path"])), django)
        await (live if scope["path"] == "/live/" else chosen)(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, seconds=10)
        yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def by_token(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(user)}"}


def by_session(user: User) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{one.key}={one.value}" for one in PageClient.of(user).cookies.values())}


def revoke(_user: User, _headers: dict[str, str]) -> None:
    Token.objects.update(revoked_at=timezone.now())


def expire(_user: User, _headers: dict[str, str]) -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def switch_off(user: User, _headers: dict[str, str]) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def take_roles(user: User, _headers: dict[str, str]) -> None:
    Membership.objects.filter(user=user).delete()


def end_session(_user: User, headers: dict[str, str]) -> None:
    key = headers["Cookie"].partition(f"{settings.SESSION_COOKIE_NAME}=")[2].partition(";")[0]
    import_module(settings.SESSION_ENGINE).SessionStore(key).delete()


def new_password(user: User, _headers: dict[str, str]) -> None:
    user.set_password("a new one of twelve")
    user.save(update_fields=["password"])


def no_admin(user: User, _headers: dict[str, str]) -> None:
    User.objects.filter(pk=user.pk).update(is_admin=False)


WAYS = [
    (by_token, revoke),
    (by_token, expire),
    (by_token, switch_off),
    (by_token, take_roles),
    (by_session, switch_off),
    (by_session, take_roles),
    (by_session, end_session),
    (by_session, new_password),
]
Headers = Callable[[User], dict[str, str]]
Loss = Callable[[User, dict[str, str]], None]


@contextmanager
def opened(url: str, headers: dict[str, str]) -> Iterator[threading.Event]:
    """A stream that has begun; the event is set when the server ends it."""
    ended = threading.Event()
    with (
        httpx.Client(timeout=30, trust_env=False, headers=headers) as http,
        http.stream("GET", url, headers={"Accept": "text/event-stream"}) as answer,
    ):
        assert answer.status_code == 200, answer.status_code

        def read() -> None:
            for _line in answer.iter_lines():
                pass
            ended.set()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        assert not ended.wait(2 * RECHECK), "it has to last as long as the right does"
        yield ended
        thread.join(SLACK_SECONDS)


@pytest.mark.parametrize(("headers_of", "lose"), WAYS)
def test_t23_events_of_a_release_end(
    url: str, release: Release, developer: User, headers_of: Headers, lose: Loss
) -> None:
    headers = headers_of(developer)
    with opened(f"{url}/api/v1/releases/{release.pk}/events/", headers) as ended:
        lose(developer, headers)
        assert ended.wait(SLACK_SECONDS)


@pytest.mark.parametrize(("headers_of", "lose"), [way for way in WAYS if way[0] is by_session])
def test_t23_live_topics_end(url: str, release: Release, developer: User, headers_of: Headers, lose: Loss) -> None:
    headers = headers_of(developer)
    with opened(f"{url}/live/?topics=release:{release.pk}", headers) as ended:
        lose(developer, headers)
        assert ended.wait(SLACK_SECONDS)


@pytest.mark.parametrize(("headers_of", "lose"), WAYS)
def test_t23_a_wait_is_answered_with_the_refusal(
    url: str, valkey: Redis, release: Release, developer: User, headers_of: Headers, lose: Loss
) -> None:
    headers, answers = headers_of(developer), []
    address = f"{url}/api/v1/releases/{release.pk}/wait/?timeout=60"
    thread = threading.Thread(target=lambda: answers.append(httpx.get(address, headers=headers, timeout=70)))
    thread.start()
    until(lambda: any(valkey.pubsub_numsub(*valkey.pubsub_channels())), seconds=10)
    began = time.monotonic()
    lose(developer, headers)
    thread.join(SLACK_SECONDS)
    assert [answer.status_code in {401, 404} for answer in answers] == [True]
    assert time.monotonic() - began < SLACK_SECONDS


@pytest.mark.parametrize("lose", [revoke, switch_off, no_admin])
def test_t23_the_story_of_an_install_ends(url: str, transactional_db: None, admin: User, lose: Loss) -> None:
    install, _run = running_install(admin)
    assert Install.objects.visible_to(admin).exists()
    headers = by_token(admin)
    with opened(f"{url}/api/v1/installs/{install.pk}/events/", headers) as ended:
        lose(admin, headers)
        assert ended.wait(SLACK_SECONDS)


def test_t23_as_they_run_streams_check_often_enough() -> None:
    checks = [
        live_stream.RECHECK_SECONDS,
        wait.RECHECK_SECONDS + wait.LOOK_AGAIN_SECONDS,
        event_stream.RECHECK_SECONDS + event_stream.LOOK_AGAIN_SECONDS,
    ]
    assert max(checks) <= 20
