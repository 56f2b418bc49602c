"""A real receiver of webhooks and a real mail server, each on a port of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from accounts.models import Team
from notifications.commands.create import fill
from notifications.models import Channel


@dataclass
class Receiver:
    """What was posted, and what is answered next: statuses in order, the last one for ever."""

    url: str
    statuses: list[int] = field(default_factory=lambda: [200])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    location: str = ""

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(body) for _headers, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((dict(self.headers), body))
            self.send_response(kept.statuses.pop(0) if len(kept.statuses) > 1 else kept.statuses[0])
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Receiver(f"http://127.0.0.1:{server.server_port}/hook/secret-path")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(5)


def new_channel(team: Team | None, kind: str = "webhook", **fields: Any) -> Channel:
    """A channel as its command leaves it, which may be told by a private address."""
    channel = Channel(team=team, kind=kind)
    fill(
        channel,
        {
            "name": f"{kind} of {team}",
            "events": ["approval.ask", "release.fail", "release.succeed"],
            "allow_private_address": True,
            "is_active": True,
            **fields,
        },
    )
    channel.save()
    return channel
