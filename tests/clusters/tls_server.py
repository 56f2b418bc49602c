"""Real TLS servers that misbehave on purpose: the faults no sandbox can show. And the certificates for them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Respond = Callable[["Call"], None]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as PEM."""

    certificate: str
    key: str


class Authority:
    """A certificate authority of its own."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key.public_key(), is_authority=True)
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str = "server", *hosts: str, valid_until: dt.datetime | None = None) -> Pair:
        """A certificate made out to the hosts (names or addresses)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key.public_key(), hosts=hosts, valid_until=valid_until)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode())

    def _sign(
        self,
        subject: x509.Name,
        public_key: Any,
        *,
        hosts: tuple[str, ...] = (),
        valid_until: dt.datetime | None = None,
        is_authority: bool = False,
    ) -> x509.Certificate:
        until = valid_until or dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - dt.timedelta(days=2))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if hosts:
            names = [_general_name(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@dataclass
class Call:
    """One request as the server saw it, and the socket to answer on."""

    method: str
    path: str
    headers: dict[str, str]
    socket: socket.socket
    stop: threading.Event

    def send(self, status: int, body: str | bytes, content_type: str = "application/json", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n{more}\r\n"
        self.socket.sendall(head.encode() + content)


@dataclass
class Server:
    """What a test needs to know of a running server."""

    host: str
    port: int
    calls: list[Call] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"


@contextmanager
def tls_server(
    pair: Pair,
    folder: Path,
    respond: Respond,
    *,
    client_authority: str = "",
    address: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Server]:
    """Serve until the block ends; `respond` is called for each request in a thread of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = folder / f"server-{id(respond)}-{address}.pem"
    path.write_text(pair.certificate + pair.key)
    context.load_cert_chain(path)
    if client_authority:
        context.load_verify_locations(cadata=client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    stop = threading.Event()
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            try:
                self.request.do_handshake()
            except ssl.SSLError:
                # Closing with data unread sends a reset, which would overtake the alert that says what is wrong.
                with socket.socket(fileno=os.dup(self.request.fileno())) as plain:
                    plain.settimeout(0.5)
                    while plain.recv(65536):
                        pass
                raise
            super().setup()

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(self.command, self.path, dict(self.headers), self.connection, stop)
            calls.append(call)
            respond(call)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815, names of http.server

        def log_message(self, *args: object) -> None:
            """Tests are silent."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[Any, Any]:
            plain, where = self.socket.accept()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), where

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that goes away is what these tests are about."""

    listener = Listener((address, port), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(address, listener.server_address[1], calls)
    finally:
        stop.set()
        listener.shutdown()
        listener.server_close()
        thread.join(5)
