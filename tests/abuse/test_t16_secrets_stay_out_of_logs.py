"""T16: no secret reaches a log line, whatever way it was about to take."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO

import pytest
import structlog
from django.conf import settings

from tests.callers import ApiClient
from web import logs
from web.redact import redacted, redacted_text

SECRETS = {
    "password": "hunter22-hunter22",
    "token": "slip_abcdefghijklmnop",
    "kubeconfig": "users: [{token: planted-1}]",
    "Authorization": "Bearer planted-2",
    "client_key_data": "planted-3",
    "secret_key": "planted-4",
    "private_key": "-----BEGIN PRIVATE KEY-----\nplanted-5\n-----END PRIVATE KEY-----",
}


@pytest.fixture
def log() -> StringIO:
    """What the portal's own log handler writes."""
    logs.configure({"level": "INFO", "json": True})
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    logs.configure(settings.LOGGING)


def line(log: StringIO) -> dict[str, object]:
    said: dict[str, object] = json.loads(log.getvalue().splitlines()[-1])
    return said


@pytest.mark.parametrize(("name", "value"), SECRETS.items())
def test_t16_a_field_that_sounds_secret_is_masked(log: StringIO, name: str, value: str) -> None:
    structlog.get_logger("x").info("cluster.register", cluster="prod", **{name: value}, inner={name: value})
    assert value not in log.getvalue()
    assert "planted" not in log.getvalue()
    assert line(log)["cluster"] == "prod"


@pytest.mark.parametrize(
    "text",
    [
        "calling with Bearer planted.abc-def",
        "connect redis://:planted@host:6379/0",
        "postgres://ana:planted@db/slipway failed",
        "made slip_plantedplanted",
        "jwt eyJhbGciOiJub25lIn0.planted.planted",
        "-----BEGIN RSA PRIVATE KEY-----\nplanted",
    ],
)
def test_t16_a_text_that_holds_a_secret_is_masked(log: StringIO, text: str) -> None:
    logging.getLogger("some.library").warning("it said: %s", text)
    assert "planted" not in log.getvalue()
    assert "it said" in log.getvalue()


def test_t16_a_traceback_is_masked(log: StringIO) -> None:
    try:
        raise ValueError("no such host in https://ana:planted@cluster.example")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "planted" not in log.getvalue()
    assert "ValueError" in log.getvalue()


def test_t16_lines_carry_the_request_id_and_harmless_names_stay(log: StringIO) -> None:
    structlog.get_logger("x").info("token.create", token_name="ci", token_id="7", prefix="slip_ab")
    assert line(log)["token_name"] == "ci"
    assert redacted({"passed": True, "tokens": 3, "author": "ana"})["passed"] is True
    assert redacted_text("deploying registry.example/app:1.7 to prod") == "deploying registry.example/app:1.7 to prod"


def test_t16_a_call_leaves_neither_its_token_nor_its_password(
    log: StringIO, api: Callable[..., ApiClient], admin: object
) -> None:
    caller = api(admin)
    caller.post("/users/", {"username": "lin", "password": "planted planted planted"})
    caller.get("/nowhere/?token=slip_plantedplanted")
    raw = caller._credentials["HTTP_AUTHORIZATION"].split()[1]
    assert raw not in log.getvalue()
    assert "planted" not in log.getvalue()
