"""A gateway in front of a real API server that passes everything on, until a test tells it to misbehave.

It ends TLS with a certificate of its own and speaks to the API server as the sandbox's admin, so that it sees every
request by itself.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.clusters.tls_server import Authority
from tests.kubectl import access

_NOT_PASSED_ON = {"host", "connection", "authorization", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    body: bytes

    @property
    def is_write(self) -> bool:
        """Of the kind that changes something; dry runs are not."""
        return self.method != "GET" and "dryRun" not in self.path

    @property
    def writes_template(self) -> bool:
        return self.is_write and b'"/spec/template"' in self.body and b'"op":"replace"' in self.body.replace(b" ", b"")

    @property
    def lets_go(self) -> bool:
        return self.is_write and not self.writes_template

    @property
    def is_look(self) -> bool:
        return self.method == "GET" and not self.is_watch

    @property
    def is_watch(self) -> bool:
        return "watch=true" in self.path


class Passage(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    relay: Relay

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, body)
        fault = self.relay.fault_of(request)
        with suppress(OSError, http.client.HTTPException):
            if fault is None:
                self.pass_on(request)
            else:
                fault(self, request)
            return
        self.hang_up()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815, names of http.server

    def pass_on(self, request: Request, *, answer: bool = True) -> None:
        """Ask the API server, and send on its answer piece by piece as it comes; without `answer`, keep it."""
        upstream = http.client.HTTPSConnection(self.relay.upstream, context=self.relay.trust)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
            upstream.request(request.method, request.path, request.body or None, headers)
            with upstream.getresponse() as response:
                if answer:
                    self._send_on(response)
                else:
                    response.read()
        finally:
            upstream.close()

    def _send_on(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := response.read1(65536):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def say(self, status: int, body: str, content_type: str = "application/json") -> None:
        """An answer of the relay's own."""
        content = body.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """Close the connection without another word."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        """Tests are silent."""


Fault = Callable[[Passage, Request], None]


@dataclass
class _Rule:
    fault: Fault
    concerns: Callable[[Request], bool]
    times: int


class Relay:
    """What a test tells the relay, and what it has seen."""

    def __init__(self, kubeconfig: Path) -> None:
        server, self.trust, _headers = access(kubeconfig)
        self.upstream = urlsplit(server).netloc
        self.authority = Authority()
        self.port = 0
        self.requests: list[Request] = []
        self.faults = 0
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        self.is_cut = False

    def misbehave(
        self, fault: Fault, concerns: Callable[[Request], bool] = lambda _request: True, *, times: int = 10**6
    ) -> None:
        """Meet so many requests of that kind with the fault."""
        with self._lock:
            self._rules.append(_Rule(fault, concerns, times))

    def behave(self) -> None:
        """Pass everything on again."""
        with self._lock:
            self._rules.clear()

    def hang_up_all(self) -> None:
        """End every connection that is open now, watches included."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def cut(self) -> Iterator[None]:
        """No network: open connections end, and new ones are ended before TLS."""
        self.is_cut = True
        self.hang_up_all()
        try:
            yield
        finally:
            self.is_cut = False

    def fault_of(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.times and rule.concerns(request):
                    rule.times -= 1
                    self.faults += 1
                    return rule.fault
        return None

    def came(self, connection: Any) -> None:
        with self._lock:
            self._open.add(connection)

    def went(self, connection: Any) -> None:
        with self._lock:
            self._open.discard(connection)

    def kubeconfig(self, name: str = "relayed") -> str:
        """How a portal reaches the API server through the relay."""
        trust = base64.b64encode(self.authority.pem.encode()).decode()
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": name,
                        "cluster": {
                            "server": f"https://127.0.0.1:{self.port}",
                            "certificate-authority-data": trust,
                        },
                    }
                ],
                "users": [{"name": name, "user": {"token": "known-to-the-relay-alone"}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            }
        )


@contextmanager
def relay_to(kubeconfig: Path, folder: Path) -> Iterator[Relay]:
    """A relay that runs until the block ends. `folder` takes its certificate."""
    relay = Relay(kubeconfig)
    pair = relay.authority.issue("relay", "127.0.0.1")
    file = folder / "relay.pem"
    file.write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[Any, Any]:
            plain, where = self.socket.accept()
            secured = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            relay.came(secured)
            return secured, where

        def verify_request(self, request: Any, client_address: Any) -> bool:
            return not relay.is_cut

        def shutdown_request(self, request: Any) -> None:
            relay.went(request)
            super().shutdown_request(request)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that goes away is what these tests are about."""

    listener = Listener(("127.0.0.1", 0), type("PassageOf", (Passage,), {"relay": relay}))
    relay.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        listener.shutdown()
        relay.hang_up_all()
        listener.server_close()
        thread.join(5)
