"""T11: headers that would make a caller, or the portal at a cluster, somebody else are not heard and not passed on."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from accounts.models import Team, User
from tests.callers import ApiClient
from tests.clusters.tls_server import Authority, Call, Server
from tests.factories.clusters import cluster_at
from tests.factories.registered import new_grant
from tests.factories.services import new_environment, new_service, new_target

IMPOSTURES = {
    "HTTP_IMPERSONATE_USER": "ada",
    "HTTP_IMPERSONATE_GROUP": "system:masters",
    "HTTP_IMPERSONATE_UID": "0",
    "HTTP_IMPERSONATE_EXTRA_SCOPES": "admin",
    "HTTP_CONNECTION": "Impersonate-User, Impersonate-Group",
    "HTTP_X_REMOTE_USER": "ada",
    "HTTP_REMOTE_USER": "ada",
    "HTTP_X_FORWARDED_USER": "ada",
}


def gone(call: Call) -> None:
    status = {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "not found"}
    call.send(404, json.dumps(status))


@pytest.fixture
def target(serve: Callable[..., Server], authority: Authority, payments: Team) -> Server:
    """Service web in dev, on a cluster that writes down what it is asked."""
    server = serve(gone)
    cluster = cluster_at(server.url, authority.pem, name="listening")
    new_grant(payments, cluster)
    new_target(new_service("web", payments), new_environment("dev"), cluster)
    return server


def test_t11_a_caller_stays_who_they_are(
    api: Callable[..., ApiClient], admin: User, developer: User, stranger: User
) -> None:
    assert api(developer).get("/users/", **IMPOSTURES).json() == api(developer).get("/users/").json()
    assert api(developer).post("/teams/", {"name": "mine", "title": ""}, **IMPOSTURES).status_code == 403
    assert api().get("/services/", **IMPOSTURES).status_code == 401


def test_t11_a_cluster_hears_of_nobody_but_the_portal(
    target: Server, api: Callable[..., ApiClient], developer: User
) -> None:
    wish = {"service": "web", "environment": "dev", "image": "registry.example/web:2"}

    api(developer).post("/releases/?dry_run=true", wish, **IMPOSTURES)

    assert target.calls
    for call in target.calls:
        assert call.headers["Authorization"] == "Bearer made-up"
        assert not [name for name in call.headers if name.lower().startswith(("impersonate", "x-remote", "remote-"))]
