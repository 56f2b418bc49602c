"""A server that speaks list and watch as it is told to: for answers that no healthy API server gives."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.clusters.tls_server import Call

Watch = Callable[["WatchStream", dict[str, str]], None]


class WatchStream:
    """The answer to one watch, written line by line."""

    def __init__(self, call: Call) -> None:
        self._call = call
        call.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")

    def line(self, text: str | bytes) -> None:
        """One line as it is, whatever it holds."""
        content = (text.encode() if isinstance(text, str) else text) + b"\n"
        self._call.socket.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def event(self, type_: str, object_: Any) -> None:
        """One event."""
        self.line(json.dumps({"type": type_, "object": object_}))

    def cut(self) -> None:
        """Lose the connection."""
        self._call.socket.shutdown(socket.SHUT_RDWR)

    def stay(self) -> None:
        """Keep the stream open and silent until the test ends."""
        self._call.stop.wait()


class Lists:
    """Answers /version, and for each path a list and what its watches do; everything else is empty and silent."""

    def __init__(self) -> None:
        self.items: dict[str, list[Any]] = {}
        self.watches: dict[str, Watch] = {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.is_silent = threading.Event()
        self.lists_asked: list[str] = []

    def __call__(self, call: Call) -> None:
        """Answer one request."""
        parts = urlsplit(call.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if self.is_silent.is_set():
            call.stop.wait()
        elif parts.path in self.refused:
            status, message = self.refused[parts.path]
            call.send(status, json.dumps({"kind": "Status", "code": status, "message": message}))
        elif parts.path == "/version":
            call.send(200, json.dumps({"gitVersion": "v1.37.2"}))
        elif asked.get("watch"):
            self.watches.get(parts.path, lambda stream, _asked: stream.stay())(WatchStream(call), asked)
        else:
            self.lists_asked.append(parts.path)
            items = self.items.get(parts.path, [])
            call.send(200, json.dumps({"metadata": {"resourceVersion": "100"}, "items": items}))
