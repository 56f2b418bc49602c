"""T40: who sends or reads slowly, or not at all, is sent away in time, and takes nothing from others meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from accounts.models import Team, User
from portal import body_limit, patience
from tests.factories.accounts import token_of
from tests.factories.deployments import checkout_target, new_release
from tests.web_process import web_process

pytestmark = pytest.mark.slow

HEAD = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n"
SOON = 0.5
ASKED = 600


@pytest.fixture
def port(transactional_db: None, valkey: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A web process that is less patient than usual."""
    monkeypatch.setattr(patience, "HEAD_SECONDS", SOON)
    monkeypatch.setattr(patience, "STALLED_SECONDS", SOON)
    monkeypatch.setattr(body_limit, "BODY_SECONDS", SOON)
    with web_process() as port:
        yield port


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answer_to(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes until the other side ends the connection."""
    with connected(port) as caller:
        for piece in pieces:
            try:
                caller.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        received = b""
        try:
            while piece := caller.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


@pytest.mark.parametrize("pieces", [[], [b"G"], [HEAD], [HEAD, b"X-A: 1\r\n"]])
def test_t40_a_head_that_does_not_end_is_given_up(port: int, pieces: list[bytes]) -> None:
    began = time.monotonic()
    assert answer_to(port, *pieces).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 10


def test_t40_a_head_that_comes_byte_by_byte_is_given_up(port: int) -> None:
    assert answer_to(port, *(bytes([byte]) for byte in HEAD[:20]), pause=0.1).startswith(b"HTTP/1.1 408 ")


def test_t40_the_second_head_of_a_connection_has_the_same_time(port: int) -> None:
    received = answer_to(port, HEAD + b"\r\n", HEAD[:9])
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in received


def test_t40_a_head_past_64_kib_is_refused(port: int) -> None:
    assert answer_to(port, HEAD, *[b"X-A: " + b"a" * 8000 + b"\r\n"] * 10).startswith(b"HTTP/1.1 431 ")


def test_t40_a_body_that_does_not_come_is_given_up(port: int) -> None:
    head = b"POST /api/v1/teams/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    assert answer_to(port, head).startswith(b"HTTP/1.1 408 ")


def test_t40_what_is_not_read_does_not_stay_in_memory(port: int, admin: User, payments: Team) -> None:
    target = checkout_target(payments, "dev")
    for _number in range(30):
        new_release(target, phase="Succeeded", note="x" * 4000)
    request = (
        f"GET /api/v1/releases/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token_of(admin)}\r\n\r\n".encode()
    )
    with connected(port) as caller:
        # More than both kernels hold: a smaller window would fill sooner, and be read drop by drop afterwards.
        caller.sendall(request * ASKED)
        time.sleep(SOON * 10)
        received = b""
        with suppress(ConnectionResetError):
            while piece := caller.recv(1 << 20):
                received += piece
    assert 0 < received.count(b"HTTP/1.1 200 OK") < ASKED


def test_t40_others_are_answered_while_thirty_dawdle(port: int, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 30.0)
    monkeypatch.setattr(body_limit, "BODY_SECONDS", 30.0)
    slow = [connected(port) for _number in range(30)]
    for number, caller in enumerate(slow):
        caller.sendall(
            HEAD if number % 2 else b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        )
    headers = {"Authorization": f"Bearer {token_of(admin)}"}
    with httpx.Client(base_url=f"http://localhost:{port}", headers=headers, timeout=10, trust_env=False) as quick:
        assert [quick.get("/api/v1/me/").status_code for _number in range(20)] == [200] * 20
    for caller in slow:
        caller.close()
