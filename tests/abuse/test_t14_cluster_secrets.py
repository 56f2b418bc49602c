"""T14 and T16: a cluster's credentials are in no answer, page, error, log line, audit entry or stored answer."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from django.core import serializers as dumps

from accounts.models import Team, User
from audit.models import Entry
from clusters.commands.source import Source
from clusters.connection import connect
from clusters.connection.endpoint import Destination
from clusters.errors import ApiRefused
from clusters.models import Cluster, ClusterCredential
from durable.models import IdempotencyKey
from tests.callers import ApiClient, PageClient
from tests.clusters.tls_server import Authority, Call, Server
from tests.factories.kubeconfigs import as_text, kubeconfig
from tests.factories.registered import new_grant, saved_cluster

pytestmark = pytest.mark.django_db

TOKEN = "planted-token-7f3a91"
KEY = "-----BEGIN PRIVATE KEY-----\nplanted-key-5c20bb\n-----END PRIVATE KEY-----\n"
MARKS = ("planted-token", "planted-key", base64.b64encode(KEY.encode()).decode()[30:60])
PAGES = ("", "home/", "home/edit/", "home/credentials/", "home/remove/")
CALLS = (
    "",
    "home/",
    "home/health/",
    "home/info/",
    "home/nodes/",
    "home/namespaces/",
    "home/workloads/",
    "home/events/",
)


@pytest.fixture
def log_text(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    with caplog.at_level(logging.DEBUG):
        yield lambda: caplog.text


def clean(text: object) -> bool:
    return not any(mark in str(text) for mark in MARKS)


def echo(call: Call) -> None:
    """A server that throws what it was sent back at the sender."""
    message = f"I was sent {call.headers.get('Authorization')}"
    call.send(500, json.dumps({"kind": "Status", "reason": "InternalError", "message": message}))


def test_t14_no_page_or_answer_shows_a_stored_credential(
    admin: User,
    developer: User,
    payments: Team,
    api: Callable[..., ApiClient],
    web_client: Callable[[User], PageClient],
    log_text: Callable[[], str],
    serve: Callable[..., Server],
    authority: Authority,
) -> None:
    cluster = saved_cluster(
        "home", bearer=TOKEN, api_url=serve(echo).url, ca_data=authority.pem, allow_private_address=True
    )
    new_grant(payments, cluster)
    for user in (admin, developer):
        caller, browser = api(user), web_client(user)
        assert caller.post("/clusters/home/refresh/").status_code == 202
        for path in CALLS:
            assert clean(caller.get(f"/clusters/{path}").content), path
        for path in PAGES:
            assert clean(browser.get(f"/clusters/{path}").content), path
        assert clean(browser.get("/audit/").content)
        assert clean(caller.get("/audit/").content)
    assert "I was sent" in Cluster.objects.get().status_message
    assert clean(log_text())


def test_t14_a_refused_registration_keeps_and_tells_nothing(
    admin: User, api: Callable[..., ApiClient], log_text: Callable[[], str]
) -> None:
    pem = base64.b64encode(KEY.encode()).decode()
    certificates = {"client-certificate-data": pem, "client-key-data": pem}
    bodies = [
        {"name": "a", "api_url": "https://127.0.0.1:1", "token": TOKEN},
        {"name": "b", "api_url": f"https://{TOKEN}@k8s.example", "token": TOKEN},
        {"name": "c", "kubeconfig": as_text(kubeconfig(user={"token": TOKEN, "exec": {"command": "x"}}))},
        {"name": "d", "kubeconfig": as_text(kubeconfig(user=certificates)) + "users: []"},
        {"name": "e", "kubeconfig": f'users: "{TOKEN}\n  broken'},
        {"name": "f", "kubeconfig": as_text(kubeconfig("https://8.8.8.8", user=certificates))},
        {"name": "g", "token": f"{TOKEN} with blanks", "api_url": "https://k8s.example"},
    ]
    caller = api(admin)
    for body in bodies:
        answer = caller.post("/clusters/", body, headers={"Idempotency-Key": body["name"]})
        assert answer.status_code == 422, body["name"]
        assert clean(answer.content), body["name"]
    assert clean(list(IdempotencyKey.objects.values()))
    assert clean(list(Entry.objects.values()))
    assert clean(log_text())


def test_t16_the_objects_that_carry_secrets_do_not_print_them() -> None:
    cluster = saved_cluster("home", bearer=TOKEN)
    credential = ClusterCredential.objects.get()
    destination = Destination("home", "https://k8s.example", token=TOKEN, certificate=KEY, key=KEY)
    for each in (credential, credential.__dict__, destination, Source(kubeconfig=TOKEN, token=TOKEN), cluster):
        assert clean(repr(each))
    assert clean(dumps.serialize("json", [cluster, credential]))


def test_t16_an_echoed_token_is_struck_out_of_errors(serve: Callable[..., Server], authority: Authority) -> None:
    cluster = saved_cluster(bearer=TOKEN, api_url=serve(echo).url, ca_data=authority.pem, allow_private_address=True)
    with pytest.raises(ApiRefused) as caught:
        connect(cluster).get("/version")
    assert clean(caught.value)
    assert clean(connect(cluster).raw("/livez"))
