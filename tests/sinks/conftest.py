"""Real receivers of an audit log, each on a port of its own: syslog over UDP, TCP and TLS, and JSON lines over HTTP."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from audit.record import audit
from audit.tasks import seal
from tests.factories.accounts import new_team

Written = Callable[[int], None]


@pytest.fixture
def written(db: None) -> Written:
    """`written(n)`: so many entries, sealed."""
    team = new_team()

    def write(count: int) -> None:
        for number in range(count):
            audit(None, "team.edit", team, after={"n": number, "name": "ü\nline"})
        seal()

    return write


def frames(stream: bytes) -> list[bytes]:
    """The messages of a stream with octet counting; a last one that is not whole is left out."""
    found = []
    while b" " in stream:
        length, _space, rest = stream.partition(b" ")
        if len(rest) < int(length):
            break
        found.append(rest[: int(length)])
        stream = rest[int(length) :]
    return found


def number_of(message: bytes) -> int:
    """The place in the chain of what a syslog message carries."""
    return int(orjson.loads(message[message.index(b"{") :])["number"])


@dataclass
class Stream:
    """A syslog server over TCP or TLS: what each connection brought, and how it treats the next ones."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    # `take` reads all and closes, `reset` reads a little and drops the connection, `hang` reads nothing.
    manner: str = "take"
    got: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def numbers(self) -> list[int]:
        return [number_of(message) for part in self.got for message in frames(part)]

    @contextmanager
    def running(self) -> Iterator[Stream]:
        server = socket.create_server(("127.0.0.1", self.port))
        server.settimeout(0.05)
        self.port = server.getsockname()[1]
        self.ended.clear()
        thread = threading.Thread(target=self._serve, args=(server,))
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            thread.join(10)
            server.close()

    def _serve(self, server: socket.socket) -> None:
        while not self.ended.is_set():
            with suppress(TimeoutError, OSError):
                self._take(server.accept()[0])

    def _take(self, plain: socket.socket) -> None:
        plain.settimeout(10)
        with plain, self.tls.wrap_socket(plain, server_side=True) if self.tls else plain as connection:
            if self.manner == "hang":
                self.ended.wait(10)
                return
            if self.manner == "reset":
                connection.recv(10)
                # Unread bytes at the close are answered with a reset.
                return
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            self.got.append(b"".join(parts))


@pytest.fixture
def stream() -> Iterator[Stream]:
    """A syslog server over TCP."""
    with Stream().running() as running:
        yield running


@dataclass
class Datagrams:
    """A syslog server over UDP."""

    port: int
    server: socket.socket

    def take(self, count: int) -> list[bytes]:
        """The next datagrams, waiting for them."""
        return [self.server.recv(65535) for _ in range(count)]


@pytest.fixture
def datagrams() -> Iterator[Datagrams]:
    """A syslog server over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        yield Datagrams(server.getsockname()[1], server)


@dataclass
class Collector:
    """A receiver of JSON lines: statuses in order, the last one for ever; it may hang before it answers."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    hang_seconds: float = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        return [int(orjson.loads(line)["number"]) for _headers, body in self.got for line in body.splitlines()]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A receiver of JSON lines over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = kept.statuses.pop(0) if len(kept.statuses) > 1 else kept.statuses[0]
            time.sleep(kept.hang_seconds)
            if status < 300:
                kept.got.append((dict(self.headers), body))
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Collector(f"http://127.0.0.1:{server.server_port}/collect/secret-path")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signed itself."""

    pem: str
    context: ssl.SSLContext


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """What an own certificate authority would give a syslog server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "logs")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "server.pem"
    file.write_text(pem + private.decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return Certificate(pem, context)
