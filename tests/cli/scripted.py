"""A server at whose socket things go wrong as a test says: answers in order, broken connections, silence."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Any

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def raw(self) -> bytes:
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = [f"HTTP/1.1 {self.status} Said", f"Content-Type: {self.content_type}", f"Content-Length: {len(content)}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*head, "Connection: close", "", ""]).encode() + content


def problem(status: int, code: str, **members: Any) -> Reply:
    """A refusal in the portal's words."""
    headers = members.pop("headers", {})
    body = {
        "type": f"urn:slipway:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": "because",
        "request_id": "r-1",
        **members,
    }
    return Reply(status, body, headers, PROBLEM)


class Cut:
    """The connection ends in the middle of the answer."""


class Scripted:
    """Gives its answers in order; the last one again and again. Keeps what was asked."""

    def __init__(self, answers: list[Reply | Cut]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def headers(self, name: str) -> list[str]:
        """The values of a header in the order of the requests, "" where it was not sent."""
        found = []
        for request in self.asked:
            lines = [line.partition(": ") for line in request.split("\r\n")]
            found.append(next((value for key, _, value in lines if key.lower() == name.lower()), ""))
        return found

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(_request(connection))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, Cut):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                else:
                    connection.sendall(answer.raw())


def _request(connection: socket.socket) -> str:
    got = b""
    while b"\r\n\r\n" not in got:
        chunk = connection.recv(65536)
        if not chunk:
            break
        got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()
