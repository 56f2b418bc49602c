"""What stands at the address of Prometheus is not trusted: it may be dead, slow, endless, lying or elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from clusters.errors import PrometheusRefused, PrometheusUnreachable
from clusters.prometheus import MAX_ANSWER_BYTES, Prometheus

Serve = Callable[[Callable[[socket.socket], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(answer)`: the URL of a server that answers each connection so, after it has read the request's head."""
    listeners: list[socket.socket] = []

    def start(answer: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def loop() -> None:
            while True:
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with connection:
                    heard = b""
                    while b"\r\n\r\n" not in heard:
                        heard += connection.recv(65536)
                    try:
                        answer(connection)
                    except OSError:
                        continue

        threading.Thread(target=loop, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def says(text: str) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text.encode())


def ask(url: str, *, seconds: float = 3.0, allow_private: bool = True) -> object:
    return Prometheus("harbour", url, allow_private, deadline_seconds=seconds).vector("up")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    reached = threading.Event()
    inside = serve(lambda _connection: reached.set())
    url = serve(says(f"HTTP/1.1 302 Found\r\nLocation: {inside}/api\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(PrometheusRefused, match=r"a redirect to 127\.0\.0\.1, which is not followed"):
        ask(url)
    assert not reached.is_set()


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "[]", '{"status":"fine"}', "{"])
def test_something_else_is_told_from_prometheus(serve: Serve, body: str) -> None:
    url = serve(says(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"))
    with pytest.raises(PrometheusRefused, match="not with an answer of Prometheus"):
        ask(url)


def test_an_answer_without_end_is_cut_off(serve: Serve) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2 * MAX_ANSWER_BYTES // 65536):
            connection.sendall(b" " * 65536)

    with pytest.raises(PrometheusRefused, match="larger than 4 MiB"):
        ask(serve(pour), seconds=30)


def test_an_answer_that_drips_ends_with_the_deadline(serve: Serve) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.1)

    began = time.monotonic()
    with pytest.raises(PrometheusUnreachable, match="did not answer in time"):
        ask(serve(drip), seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("url", "step"),
    [
        ("http://169.254.169.254", "policy"),
        ("http://127.0.0.1:9090", "policy"),
        ("http://2130706433:9090", "policy"),
        ("http://[::1]:9090", "policy"),
        ("http://name.invalid:9090", "dns"),
        ("file:///etc/passwd", "policy"),
        ("gopher://192.0.2.1", "policy"),
    ],
)
def test_addresses_pass_the_same_policy_as_api_servers(url: str, step: str) -> None:
    with pytest.raises(PrometheusUnreachable) as refused:
        ask(url, allow_private=False)
    assert refused.value.step == step


@pytest.mark.sandbox
def test_prometheus_own_words_about_a_query_are_told(prometheus: Prometheus) -> None:
    with pytest.raises(PrometheusRefused, match="expected type range vector"):
        prometheus.vector("rate(up)")
    with pytest.raises(PrometheusRefused, match="does not give series"):
        prometheus.vector("1")
