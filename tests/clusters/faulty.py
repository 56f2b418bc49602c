"""Fixtures: servers with faults of our own, and doors to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from clusters.connection import Door
from clusters.connection.breaker import Breaker
from clusters.connection.door import Line
from clusters.connection.endpoint import Destination, open_endpoint
from tests.clusters.tls_server import Authority, Respond, Server, tls_server

TOKEN = "planted-token-0123456789"


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def serve(authority: Authority, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve(respond)`: a TLS server with a good certificate for 127.0.0.1, unless told otherwise."""
    with ExitStack() as running:

        def start(respond: Respond, **options: Any) -> Server:
            pair = options.pop("pair", None) or authority.issue("server", "127.0.0.1", "127.0.0.2", "api.test")
            return running.enter_context(tls_server(pair, tmp_path, respond, **options))

        yield start


@pytest.fixture
def door_to(authority: Authority) -> Callable[..., Door]:
    """`door_to(server)`: a door with the planted token."""

    def make(server: Server, *, timeout_seconds: float = 1.0, **options: Any) -> Door:
        options = {"ca_data": authority.pem, "token": TOKEN, **options}
        destination = Destination("faulty", options.pop("api_url", server.url), allow_private_address=True, **options)
        return Door(Line(open_endpoint(destination), Breaker("faulty")), timeout_seconds)

    return make
