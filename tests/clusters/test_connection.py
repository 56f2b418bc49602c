"""The door to a server that is broken, slow or no API server: it says so, in time, and never repeats a write."""

from __future__ import annotations

import datetime as dt
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from clusters.connection import Door, answer, breaker, connect, forget
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from tests.clusters.faulty import TOKEN
from tests.clusters.tls_server import Authority, Call, Server
from tests.conftest import until
from tests.factories.registered import saved_cluster
from web.request_id import RequestIdMiddleware

Serve = Callable[..., Server]
DoorTo = Callable[..., Door]


def good(call: Call) -> None:
    call.send(200, json.dumps({"kind": "Thing", "seen": call.path}))


def silent(call: Call) -> None:
    call.stop.wait(10)


def test_an_answer_is_a_plain_dict(serve: Serve, door_to: DoorTo) -> None:
    assert door_to(serve(good)).get("/api/v1/pods", {"limit": 5}) == {"kind": "Thing", "seen": "/api/v1/pods?limit=5"}


def test_a_silent_server_costs_no_more_than_the_deadline(serve: Serve, door_to: DoorTo) -> None:
    door = door_to(serve(silent), timeout_seconds=0.4)
    began = time.monotonic()
    with pytest.raises(ClusterUnreachable) as caught:
        door.get("/version")
    assert time.monotonic() - began < 1.5
    assert not caught.value.ambiguous


def test_a_server_that_drips_is_cut_off_at_the_deadline(serve: Serve, door_to: DoorTo) -> None:
    def drip(call: Call) -> None:
        call.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not call.stop.wait(0.05):
            call.socket.sendall(b" ")

    began = time.monotonic()
    with pytest.raises(ClusterUnreachable):
        door_to(serve(drip), timeout_seconds=0.5).get("/version")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("verb", ["create", "replace", "merge_patch", "apply"])
def test_a_write_without_an_answer_is_ambiguous_and_not_repeated(serve: Serve, door_to: DoorTo, verb: str) -> None:
    server = serve(silent)
    with pytest.raises(ClusterUnreachable) as caught:
        getattr(door_to(server, timeout_seconds=0.3), verb)("/api/v1/namespaces/x/pods", {"kind": "Pod"})
    assert caught.value.ambiguous
    assert len(server.calls) == 1


def test_a_connection_reset_after_sending_is_ambiguous(serve: Serve, door_to: DoorTo) -> None:
    def reset(call: Call) -> None:
        call.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        call.socket.close()

    server = serve(reset)
    with pytest.raises(ClusterUnreachable) as caught:
        door_to(server).json_patch(
            "/apis/apps/v1/namespaces/x/deployments/y", [{"op": "test", "path": "/a", "value": 1}]
        )
    assert caught.value.ambiguous
    assert len(server.calls) == 1


def test_a_refused_connection_is_definite(authority: Authority, door_to: DoorTo) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = Server("127.0.0.1", held.getsockname()[1])
        with pytest.raises(ClusterUnreachable) as caught:
            door_to(nobody).create("/api/v1/namespaces", {"kind": "Namespace"})
    assert (caught.value.step, caught.value.ambiguous) == ("connect", False)
    assert "refused" in caught.value.detail.lower()


def test_a_certificate_of_another_authority_is_refused_before_anything_is_sent(serve: Serve, door_to: DoorTo) -> None:
    server = serve(good)
    with pytest.raises(ClusterUnreachable) as caught:
        door_to(server, ca_data=Authority("another").pem).create("/api/v1/namespaces", {})
    assert (caught.value.step, caught.value.ambiguous) == ("tls", False)
    assert "not signed by the given CA" in caught.value.detail
    assert server.calls == []


def test_an_expired_certificate_is_named_as_such(serve: Serve, door_to: DoorTo, authority: Authority) -> None:
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    server = serve(good, pair=authority.issue("old", "127.0.0.1", valid_until=yesterday))
    with pytest.raises(ClusterUnreachable, match="expired"):
        door_to(server).get("/version")


def test_a_certificate_of_another_host_is_named_as_such(serve: Serve, door_to: DoorTo, authority: Authority) -> None:
    server = serve(good, pair=authority.issue("other", "elsewhere.test"))
    with pytest.raises(ClusterUnreachable, match=r"not made out to 127\.0\.0\.1"):
        door_to(server).get("/version")
    assert door_to(server, tls_server_name="elsewhere.test").get("/version")["kind"] == "Thing"


def test_a_server_that_speaks_no_tls_is_definite(door_to: DoorTo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def speak() -> None:
            connection, _address = plain.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        with pytest.raises(ClusterUnreachable) as caught:
            door_to(Server("127.0.0.1", plain.getsockname()[1])).create("/api/v1/namespaces", {})
        thread.join(5)
    assert (caught.value.step, caught.value.ambiguous) == ("tls", False)


def test_a_login_page_is_no_success(serve: Serve, door_to: DoorTo) -> None:
    server = serve(lambda call: call.send(200, "<html><title>Sign in to Corp</title></html>", "text/html"))
    with pytest.raises(ApiRefused) as caught:
        door_to(server).get("/version")
    assert caught.value.reason == "NotKubernetes"
    assert "Sign in to Corp" in caught.value.detail
    assert not caught.value.is_not_found


def test_a_proxy_that_answers_404_is_not_a_missing_object(serve: Serve, door_to: DoorTo) -> None:
    server = serve(lambda call: call.send(404, "<html>nothing here</html>", "text/html"))
    with pytest.raises(ApiRefused) as caught:
        door_to(server).get("/apis/apps/v1/namespaces/a/deployments/b")
    assert not caught.value.is_not_found


def test_the_words_of_the_api_server_arrive_with_their_reason(serve: Serve, door_to: DoorTo) -> None:
    status = {
        "kind": "Status",
        "reason": "Conflict",
        "message": "the object has been modified",
        "details": {"uid": "1"},
    }
    with pytest.raises(ApiRefused) as caught:
        door_to(serve(lambda call: call.send(409, json.dumps(status)))).replace("/api/v1/namespaces/x", {})
    assert caught.value.is_conflict
    assert (caught.value.message, caught.value.details) == ("the object has been modified", {"uid": "1"})


def test_an_endless_answer_is_cut_off(serve: Serve, door_to: DoorTo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_ANSWER_BYTES", 200_000)
    with pytest.raises(ApiRefused, match="larger than"):
        door_to(serve(lambda call: call.send(200, b" " * 1_000_000))).get("/version")


def test_a_long_list_is_fetched_in_pages(serve: Serve, door_to: DoorTo) -> None:
    def pages(call: Call) -> None:
        is_second = "continue=more" in call.path
        metadata = {} if is_second else {"continue": "more"}
        call.send(200, json.dumps({"items": [{"n": 2 if is_second else 1}], "metadata": metadata}))

    assert [item["n"] for item in door_to(serve(pages)).list("/api/v1/pods")["items"]] == [1, 2]


def test_three_failures_open_the_breaker_and_an_answer_closes_it(
    serve: Serve, door_to: DoorTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.2)
    is_well = []
    server = serve(lambda call: good(call) if is_well else silent(call))
    door = door_to(server, timeout_seconds=0.1)
    for _attempt in range(3):
        with pytest.raises(ClusterUnreachable):
            door.get("/version")
    with pytest.raises(ClusterUnreachable, match="not asked") as caught:
        door.create("/api/v1/namespaces", {})
    assert not caught.value.ambiguous
    assert len(server.calls) == 3
    is_well.append(True)
    time.sleep(0.25)
    assert door.get("/version")
    assert not door.breaker.is_open


@pytest.mark.django_db
def test_a_saved_cluster_is_asked_again_when_the_breaker_closes(
    serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.2)
    is_well: list[bool] = []
    server = serve(lambda call: good(call) if is_well else silent(call))
    cluster = saved_cluster(api_url=server.url, ca_data=authority.pem, allow_private_address=True)
    for _attempt in range(3):
        with pytest.raises(ClusterUnreachable):
            connect(cluster, timeout_seconds=0.1).get("/version")
    with pytest.raises(ClusterUnreachable, match="not asked"):
        connect(cluster)
    is_well.append(True)
    until(lambda: answers(cluster), seconds=5)
    assert not connect(cluster).breaker.is_failing


def answers(cluster: Cluster) -> bool:
    try:
        return bool(connect(cluster).get("/version"))
    except ClusterUnreachable:
        return False


def test_a_client_certificate_is_shown_from_memory(serve: Serve, door_to: DoorTo, authority: Authority) -> None:
    server = serve(good, client_authority=authority.pem)
    mine = authority.issue("slipway")
    door = door_to(server, token="", certificate=mine.certificate, key=mine.key)
    assert door.get("/version")
    assert "Authorization" not in server.calls[0].headers


def test_a_rejected_client_certificate_is_definite(serve: Serve, door_to: DoorTo, authority: Authority) -> None:
    server = serve(good, client_authority=authority.pem)
    foreign = Authority("foreign").issue("slipway")
    with pytest.raises(ClusterUnreachable) as caught:
        door_to(server, token="", certificate=foreign.certificate, key=foreign.key).create("/api/v1/namespaces", {})
    assert (caught.value.step, caught.value.ambiguous) == ("tls", False)
    assert server.calls == []


def test_a_line_is_closed_with_its_last_door_and_no_sooner(serve: Serve, door_to: DoorTo) -> None:
    server = serve(good)
    door = door_to(server)
    door.get("/version")
    other = replace(door, timeout_seconds=2.0)
    del door
    assert other.get("/version")
    first, second = (call.socket for call in server.calls)
    assert first is second

    del other

    until(lambda: first.fileno() == -1, seconds=5)


@pytest.mark.django_db
def test_a_line_that_is_replaced_or_forgotten_is_closed(serve: Serve, authority: Authority) -> None:
    server = serve(good)
    cluster = saved_cluster(api_url=server.url, ca_data=authority.pem, allow_private_address=True)
    connect(cluster).get("/version")
    Cluster.objects.filter(pk=cluster.pk).update(version=cluster.version + 1)
    cluster.refresh_from_db()

    connect(cluster).get("/version")

    replaced, kept = (call.socket for call in server.calls)
    until(lambda: replaced.fileno() == -1, seconds=5)
    assert kept.fileno() != -1
    forget(cluster.pk)
    until(lambda: kept.fileno() == -1, seconds=5)


def test_the_request_id_goes_along(serve: Serve, door_to: DoorTo) -> None:
    server = serve(good)
    door = door_to(server)

    def view(request: object) -> HttpResponse:
        door.get("/version")
        return HttpResponse()

    RequestIdMiddleware(view)(RequestFactory().get("/", headers={"X-Request-Id": "click-42"}))
    assert server.calls[0].headers["User-Agent"].endswith(" click-42")


def test_a_token_that_is_echoed_is_struck_out(serve: Serve, door_to: DoorTo) -> None:
    def echo(call: Call) -> None:
        message = f"I do not like {call.headers['Authorization']}"
        call.send(403, json.dumps({"kind": "Status", "reason": "Forbidden", "message": message}))

    with pytest.raises(ApiRefused) as caught:
        door_to(serve(echo)).get("/version")
    assert TOKEN not in str(caught.value)
    assert "I do not like" in caught.value.message
