"""T02: what was opened for one cluster is never used for another, nor after its credentials changed or it is gone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from accounts.models import User
from clusters.commands.edit import save_edit
from clusters.commands.remove import remove_cluster
from clusters.connection import connect, doors
from clusters.errors import ClusterUnreachable
from clusters.models import Cluster
from tests.clusters.tls_server import Authority, Call, Server
from tests.factories.registered import saved_cluster

pytestmark = pytest.mark.django_db


def echo(call: Call) -> None:
    call.send(200, json.dumps({"with": call.headers.get("Authorization")}))


@pytest.fixture
def row(serve: Callable[..., Server], authority: Authority) -> Callable[[str], Cluster]:
    """`row(token)`: a saved cluster at a server that tells which token it was sent."""

    def make(token: str) -> Cluster:
        url = serve(echo).url
        return saved_cluster(bearer=token, api_url=url, ca_data=authority.pem, allow_private_address=True)

    return make


def sent_by(cluster: Cluster) -> str:
    return str(connect(cluster).get("/version")["with"])


def test_t02_each_cluster_is_sent_its_own_token(row: Callable[[str], Cluster]) -> None:
    one, two = row("token-one"), row("token-two")
    assert [sent_by(one), sent_by(two), sent_by(one)] == ["Bearer token-one", "Bearer token-two", "Bearer token-one"]


def test_t02_a_line_is_kept_and_a_new_token_replaces_it(row: Callable[[str], Cluster]) -> None:
    cluster = row("old")
    assert connect(cluster).line is connect(cluster).line
    stale = Cluster.objects.get(pk=cluster.pk)
    cluster.credential.secret = {"token": "new"}
    cluster.credential.save()
    save_edit(cluster, {"title": "rotated"})
    assert sent_by(cluster) == "Bearer new"
    assert sent_by(stale) == "Bearer new"


def test_t02_a_removed_cluster_cannot_be_reached_any_more(
    admin: User, row: Callable[[str], Cluster], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    cluster = row("gone")
    sent_by(cluster)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        remove_cluster(admin, Cluster.objects.get(pk=cluster.pk))
    assert cluster.pk not in doors._lines
    with pytest.raises(ClusterUnreachable, match="no credentials"):
        connect(cluster)


def test_t02_after_a_failure_the_line_is_opened_anew(row: Callable[[str], Cluster]) -> None:
    cluster = row("same")
    line = connect(cluster).line
    line.breaker.failed(ClusterUnreachable(cluster.name, "lost"))
    assert connect(cluster).line is not line
    assert sent_by(cluster) == "Bearer same"
