"""A real issuer of CI tokens: discovery and keys over HTTP, signatures by joserfc. It can fail as issuers do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from joserfc import jwk, jwt

AUDIENCE = "https://slipway.example"


class Issuer:
    """What `issuing` serves; `asked` counts the GETs by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key: jwk.RSAKey | jwk.ECKey = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, auto_kid=False)
        self.shown: list[dict[str, Any]] = [self.key.as_dict(private=False)]
        self.configuration: dict[str, Any] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        self.asked: dict[str, int] = {}
        self.redirects_to = ""
        self.padding = 0
        self.status = 200
        self.seconds = 0.0

    def rotate(self, kid: str) -> None:
        """Sign with another key, and show only that."""
        self.key = jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, auto_kid=False)
        self.shown = [self.key.as_dict(private=False)]

    def claims(self, **more: Any) -> dict[str, Any]:
        """What GitHub says of a job of acme/checkout on main."""
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": str(uuid4()),
            "sub": "repo:acme/checkout:ref:refs/heads/main",
            "repository": "acme/checkout",
            "ref": "refs/heads/main",
            "run_id": "1658821493",
            **more,
        }

    def token(self, *, alg: str = "RS256", key: Any = None, header: dict[str, Any] | None = None, **more: Any) -> str:
        """A signed token; claims that are None are left out."""
        claims = {name: value for name, value in self.claims(**more).items() if value is not None}
        key = key or self.key
        return jwt.encode({"alg": alg, "kid": "one", **(header or {})}, claims, key, algorithms=[alg])

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked[path] = self.asked.get(path, 0) + 1
        if path == "/.well-known/openid-configuration":
            return self.status, json.dumps(self.configuration).encode()
        if path == "/keys":
            return self.status, json.dumps({"keys": self.shown, "padding": "x" * self.padding}).encode()
        return 404, b"{}"


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(issuer.seconds)
            status, body = issuer.answer(self.path)
            if issuer.redirects_to:
                self.send_response(302)
                self.send_header("Location", issuer.redirects_to)
                body = b""
            else:
                self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
