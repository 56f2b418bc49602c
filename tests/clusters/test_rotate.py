"""New credentials: checked first, then in the old ones' place; never for another cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from clusters.commands.rotate import rotate_credentials
from clusters.commands.source import Source
from clusters.connection import connect, paths
from clusters.errors import ClusterRefused
from clusters.models import Cluster
from tests.callers import ApiClient
from tests.factories.registered import sandbox_row, sandbox_source, saved_cluster
from web.errors import Conflict, NotPermitted, PreconditionFailed

pytestmark = pytest.mark.django_db


def test_the_next_request_uses_the_new_credentials(admin: User, sandbox_cluster: Any) -> None:
    cluster = sandbox_row(sandbox_cluster)
    good = cluster.credential.secret
    cluster.credential.secret = {"token": "expired"}
    cluster.credential.save()
    with pytest.raises(Exception, match="Unauthorized"):
        connect(cluster).get(paths.namespaces())
    rotate_credentials(admin, cluster, sandbox_source(sandbox_cluster))
    assert connect(cluster).list(paths.namespaces())["items"]
    cluster.refresh_from_db()
    assert (cluster.version, cluster.credential.version, cluster.credential.secret) == (2, 2, good)
    assert Entry.objects.get(action="cluster.rotate").object_name == "sandbox"


def test_a_failed_check_leaves_the_old_ones(admin: User, sandbox_cluster: Any) -> None:
    cluster = sandbox_row(sandbox_cluster)
    bad = Source(api_url=cluster.api_url, ca_data=cluster.ca_data, token="wrong", allow_private_address=True)
    with pytest.raises(ClusterRefused) as caught:
        rotate_credentials(admin, cluster, bad)
    assert caught.value.step == "authenticate"
    assert connect(cluster).list(paths.namespaces())["items"]
    assert Cluster.objects.get().version == 1


def test_another_cluster_at_that_address_is_a_conflict(admin: User, sandbox_cluster: Any) -> None:
    cluster = saved_cluster("elsewhere", uid="another-uid")
    with pytest.raises(Conflict, match="Another cluster"):
        rotate_credentials(admin, cluster, sandbox_source(sandbox_cluster))
    assert Cluster.objects.get().api_url == cluster.api_url


def test_it_is_for_admins(maintainer: User) -> None:
    with pytest.raises(NotPermitted):
        rotate_credentials(maintainer, saved_cluster(), Source())


def test_an_edit_in_between_is_noticed(admin: User, sandbox_cluster: Any) -> None:
    cluster = sandbox_row(sandbox_cluster)
    Cluster.objects.update(version=7)
    with pytest.raises(PreconditionFailed):
        rotate_credentials(admin, cluster, sandbox_source(sandbox_cluster))


def test_over_rest_address_and_token_change_together(
    admin: User, api: Callable[..., ApiClient], sandbox_cluster: Any
) -> None:
    sandbox_row(sandbox_cluster, "home")
    client = api(admin)
    refused = client.patch("/clusters/home/", {"api_url": "https://192.0.2.1"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/api_url")
    body = {"kubeconfig": Path(sandbox_cluster.kubeconfig).read_text(), "allow_private_address": True}
    answer = client.put("/clusters/home/credentials/", body)
    assert answer.status_code == 200, answer.content
    assert answer.headers["ETag"] == '"2"'
    assert client.put("/clusters/home/credentials/", body, headers={"If-Match": '"1"'}).status_code == 412
