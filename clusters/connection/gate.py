"""A gate on loopback through which a program of ours reaches one cluster, and no more of it than it is meant to.

The program (Helm) is given the gate's address, which nobody can guess, and never the cluster's credential, so that
nothing of that stands in a file or an environment. With a namespace the gate lets through what concerns it, and the
cluster's own description of its API; all else is answered 403, reading too: a chart's `lookup` cannot see what its
owner may not. When the process that opened the gate dies, whatever the program still wants to write is refused.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils.translation import gettext as _
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from clusters.connection.endpoint import Endpoint
from clusters.connection.pool import PinnedOrigin
from clusters.errors import ClusterUnreachable

MAX_BODY_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS, SILENT_SECONDS = 3.0, 600.0
_CHUNK = 64 * 1024
_WITHOUT_BODY = (204, 304)
_FORWARDED = ("Accept", "Content-Type", "User-Agent")
_RETURNED = ("Content-Type", "Content-Encoding", "Retry-After", "Warning")
# What describes the API: /version, /api, /apis, their groups and versions, and the OpenAPI documents.
_DESCRIPTION = re.compile(
    r"/(?:version|healthz|api(?:/v1)?|apis(?:/[a-z0-9.-]+){0,2}|openapi/v[23](?:/[A-Za-z0-9./-]+)?)/?\Z"
)
_SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?"
_SUBRESOURCES = "log|status|scale"


@dataclass(frozen=True)
class Gate:
    """Where it is. The path holds what opens it: client-go sends no token to an address without TLS."""

    url: str = field(repr=False)


@contextmanager
def open_gate(endpoint: Endpoint, namespace: str = "") -> Iterator[Gate]:
    """A gate to the cluster, held to `namespace` unless that is "". It is closed when the context is left."""
    origin, token = PinnedOrigin(endpoint, connections=16), secrets.token_urlsafe(32)
    server = _Server(origin, endpoint, token, namespace)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Gate(f"http://127.0.0.1:{server.server_port}/{token}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        origin.clear()


def lets_through(method: str, path: str, namespace: str) -> bool:
    """Whether a gate for the namespace ("" for the whole cluster) passes a request on. `path` is without its query."""
    if "%" in path or "//" in path or "/./" in path or "/../" in path or path.endswith(("/.", "/..")):
        return False
    if not namespace:
        return path.startswith("/")
    is_reading = method == "GET"
    if _DESCRIPTION.match(path):
        return is_reading
    prefix = rf"/(?:api/v1|apis/{_SEGMENT}/{_SEGMENT})/namespaces/{re.escape(namespace)}"
    if is_reading and re.fullmatch(rf"/api/v1/namespaces/{re.escape(namespace)}", path):
        return True
    return bool(re.fullmatch(rf"{prefix}/{_SEGMENT}(?:/{_SEGMENT}(?:/(?:{_SUBRESOURCES}))?)?", path))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, origin: PinnedOrigin, endpoint: Endpoint, token: str, namespace: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.origin, self.endpoint, self.token, self.namespace = origin, endpoint, token, namespace


class _Passage(BaseHTTPRequestHandler):
    """One connection of the program."""

    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = SILENT_SECONDS

    def pass_on(self) -> None:
        """Judge one request, and give back what the cluster answers as it comes: a watch never ends by itself."""
        body = self._body()
        if body is None:
            return
        given, _slash, rest = self.path.removeprefix("/").partition("/")
        if not compare_digest(given.encode(), self.server.token.encode()):
            self._say(401, "Unauthorized", _("This gate is not open to everybody."))
            return
        path = "/" + rest.partition("?")[0]
        if not lets_through(self.command, path, self.server.namespace):
            # For programs, and so in one language.
            self._say(403, "Forbidden", f"{self.command} {path[:300]} is outside of namespace {self.server.namespace}")
            return
        headers = {name: self.headers[name] for name in _FORWARDED if name in self.headers}
        try:
            response = self.server.origin.request(
                self.command,
                f"{self.server.endpoint.url}/{rest}",
                body=body or None,
                headers={**headers, **self.server.endpoint.headers},
                preload_content=False,
                decode_content=False,
                redirect=False,
                timeout=Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS),
            )
        except (ClusterUnreachable, ValueError) as error:
            self._say(503, "ServiceUnavailable", str(error))
            return
        self._give_back(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - names that http.server looks for

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._say(413, "RequestEntityTooLarge", _("The body is too large, or does not say how large it is."))
            return None
        return self.rfile.read(int(length))

    def _give_back(self, response: BaseHTTPResponse) -> None:
        try:
            self.send_response(response.status)
            for name in _RETURNED:
                if name in response.headers:
                    self.send_header(name, response.headers[name])
            if response.status in _WITHOUT_BODY:
                self.send_header("Content-Length", "0")
                self.end_headers()
                response.release_conn()
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while chunk := response.read1(_CHUNK, decode_content=False):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (HTTPError, OSError):
            # Torn on either side: the program sees an answer that ends too early, as it would without us.
            self.close_connection = True
            response.close()
            return
        response.release_conn()

    def _say(self, status: int, reason: str, message: str) -> None:
        text = json.dumps(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "reason": reason,
                "code": status,
                "message": message,
            }
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        """Silent: what matters is in the operation's log."""
