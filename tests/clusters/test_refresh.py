"""Looking at a cluster now: what is seen is written down, also that nothing was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from clusters.commands.refresh import refresh_cluster
from clusters.models import Cluster
from tests.callers import ApiClient
from tests.factories.registered import new_grant, sandbox_row, saved_cluster
from web.errors import NotPermitted

pytestmark = pytest.mark.django_db


def test_version_and_capabilities_are_renewed(developer: User, sandbox_cluster: Any) -> None:
    cluster = refresh_cluster(developer, sandbox_row(sandbox_cluster))
    stored = Cluster.objects.get()
    assert stored.kubernetes_version == cluster.kubernetes_version != ""
    assert (stored.status, stored.version) == ("connected", 1)
    assert stored.uid


def test_a_dead_cluster_keeps_its_last_contact(admin: User, sandbox_cluster: Any) -> None:
    cluster = refresh_cluster(admin, sandbox_row(sandbox_cluster))
    Cluster.objects.update(api_url="https://127.0.0.1:1", version=2)
    cluster.refresh_from_db()
    seen = cluster.last_seen_at
    refresh_cluster(admin, cluster)
    stored = Cluster.objects.get()
    assert (stored.status, stored.last_seen_at) == ("unreachable", seen)
    assert "refused" in stored.status_message
    assert stored.kubernetes_version


def test_a_viewer_may_not(viewer: User, payments: Team, api: Callable[..., ApiClient]) -> None:
    cluster = saved_cluster("home")
    new_grant(payments, cluster)
    with pytest.raises(NotPermitted):
        refresh_cluster(viewer, cluster)
    assert api(viewer).post("/clusters/home/refresh/").status_code == 403


def test_over_rest_it_answers_202_and_where_to_look(
    developer: User, payments: Team, api: Callable[..., ApiClient], sandbox_cluster: Any
) -> None:
    new_grant(payments, sandbox_row(sandbox_cluster, "home"), "dev")
    answer = api(developer).post("/clusters/home/refresh/")
    assert (answer.status_code, answer.headers["Location"]) == (202, "/api/v1/clusters/home/")
    assert answer.json()["status"] == "connected"
