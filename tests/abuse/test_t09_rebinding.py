"""T09: a name that passes the check and then points elsewhere changes nothing; redirects are not followed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from clusters.connection import Door
from clusters.errors import ApiRefused
from tests.clusters.tls_server import Call, Server


def answer_as(name: str) -> Callable[[Call], None]:
    return lambda call: call.send(200, json.dumps({"name": name}), Connection="close")


def test_t09_a_connection_stays_at_the_address_that_was_checked(
    serve: Callable[..., Server], door_to: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = serve(answer_as("checked"))
    rebound = serve(answer_as("rebound"), address="127.0.0.2", port=checked.port)
    points_to = [checked.host]

    def resolver(host: str, port: int, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (points_to[0] if host == "api.test" else host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    door = door_to(checked, api_url=f"https://api.test:{checked.port}")
    points_to[0] = rebound.host
    for _request in range(3):
        assert door.get("/version") == {"name": "checked"}
    assert checked.calls[0].headers["Host"] == f"api.test:{checked.port}"
    assert rebound.calls == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_t09_a_redirect_is_reported_and_not_followed(
    serve: Callable[..., Server], door_to: Callable[..., Door], status: int
) -> None:
    inside = serve(answer_as("inside"))
    outside = serve(lambda call: call.send(status, "", Location=f"{inside.url}/latest/meta-data?token=x"))
    door = door_to(outside)
    for ask in (lambda: door.get("/version"), lambda: door.create("/api/v1/namespaces", {})):
        with pytest.raises(ApiRefused, match="redirect to 127") as caught:
            ask()
        assert "token=x" not in str(caught.value)
    assert inside.calls == []
