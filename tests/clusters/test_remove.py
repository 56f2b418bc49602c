"""Removing a cluster: refused while something works with it, else gone with its credentials."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from clusters import removal
from clusters.commands.remove import remove_cluster
from clusters.errors import ClusterInUse
from clusters.models import Cluster, ClusterCredential
from tests.callers import ApiClient
from tests.factories.registered import saved_cluster
from web.errors import NotPermitted

pytestmark = pytest.mark.django_db


def test_it_takes_the_credentials_along_and_is_recorded(admin: User) -> None:
    remove_cluster(admin, saved_cluster("home"))
    assert not Cluster.objects.exists()
    assert not ClusterCredential.objects.exists()
    entry = Entry.objects.get(action="cluster.remove")
    assert (entry.object_name, entry.before["api_url"]) == ("home", "https://192.0.2.10:6443")


def test_what_an_upper_room_holds_against_it_is_listed(
    admin: User, api: Callable[..., ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = saved_cluster("home")
    monkeypatch.setattr(removal, "removal_checks", [lambda found: [{"kind": "release", "id": "r1"}]])
    with pytest.raises(ClusterInUse):
        remove_cluster(admin, cluster)
    answer = api(admin).delete("/clusters/home/")
    assert (answer.status_code, answer.json()["blocked_by"]) == (409, [{"kind": "release", "id": "r1"}])
    assert Cluster.objects.exists()


def test_it_is_for_admins(maintainer: User) -> None:
    with pytest.raises(NotPermitted):
        remove_cluster(maintainer, saved_cluster())
