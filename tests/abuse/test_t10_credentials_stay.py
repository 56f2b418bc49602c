"""T10: a cluster's credentials go to that cluster's API server and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from clusters.connection import Door
from clusters.errors import ApiRefused
from tests.clusters.faulty import TOKEN
from tests.clusters.tls_server import Server

Serve = Callable[..., Server]
DoorTo = Callable[..., Door]


def test_t10_a_proxy_of_the_environment_is_not_used(
    serve: Serve, door_to: DoorTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda call: call.send(200, "{}"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    assert door_to(serve(lambda call: call.send(200, json.dumps({"ok": True})))).get("/version") == {"ok": True}
    assert proxy.calls == []


def test_t10_the_token_does_not_follow_a_redirect(serve: Serve, door_to: DoorTo) -> None:
    third = serve(lambda call: call.send(200, "{}"))
    first = serve(lambda call: call.send(307, "", Location=third.url + "/version"))
    with pytest.raises(ApiRefused):
        door_to(first).get("/version")
    assert first.calls[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert third.calls == []


@pytest.mark.parametrize("path", ["https://evil.test/x", "//evil.test/x", "@evil.test/x", ".evil.test/x"])
def test_t10_a_path_cannot_name_another_host(serve: Serve, door_to: DoorTo, path: str) -> None:
    server = serve(lambda call: call.send(200, "{}"))
    with pytest.raises(ValueError, match="is not at"):
        door_to(server).get(path)
    assert server.calls == []


def test_t10_only_our_own_headers_are_sent(serve: Serve, door_to: DoorTo) -> None:
    server = serve(lambda call: call.send(200, "{}"))
    door_to(server).create("/api/v1/namespaces", {"kind": "Namespace"})
    assert {name.lower() for name in server.calls[0].headers} == {
        "host",
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "user-agent",
    }
