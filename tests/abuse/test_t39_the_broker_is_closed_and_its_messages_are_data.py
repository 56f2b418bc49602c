"""T39: nobody speaks to the broker without its password, and a forged message in it is not carried out."""

from __future__ import annotations

import base64
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from kombu.exceptions import ContentDisallowed
from kombu.message import Message
from redis import AuthenticationError, Redis

from portal.celery import app


class Forged:
    """Unpickling this makes a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


@pytest.mark.parametrize("password", [None, "guessed"])
def test_t39_the_broker_wants_its_password(valkey: Redis, password: str | None) -> None:
    nobody = Redis(unix_socket_path=settings.VALKEY_SOCKET, password=password)
    with nobody, pytest.raises(AuthenticationError):
        nobody.ping()


def test_t39_the_socket_is_the_users_alone(valkey: Redis) -> None:
    assert stat.S_IMODE(Path(settings.VALKEY_SOCKET).stat().st_mode) == 0o700


def test_t39_a_forged_message_is_refused_and_not_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    body = base64.b64encode(pickle.dumps(((), {"x": Forged(canary)}, {}))).decode()
    forged = Message(
        body,
        accept=app.conf.accept_content,
        content_type="application/x-python-serialize",
        content_encoding="binary",
        properties={"body_encoding": "base64"},
    )

    with pytest.raises(ContentDisallowed):
        forged.decode()

    assert not canary.exists()


def test_t39_nothing_but_json_is_spoken() -> None:
    conf = app.conf
    assert list(conf.accept_content) == ["json"]
    assert list(conf.result_accept_content or conf.accept_content) == ["json"]
    assert (conf.task_serializer, conf.result_serializer) == ("json", "json")
    assert not conf.worker_enable_remote_control
