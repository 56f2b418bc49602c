"""Editing a cluster: what it is called and belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from clusters.commands.edit import edit_cluster
from clusters.models import Cluster
from tests.callers import ApiClient
from tests.factories.registered import new_grant, saved_cluster
from web.errors import Invalid, NotPermitted, PreconditionFailed

pytestmark = pytest.mark.django_db
Api = Callable[..., ApiClient]


def test_it_edits_and_records_before_and_after(admin: User) -> None:
    cluster = edit_cluster(admin, saved_cluster(), title="Production EU", labels={"region": "eu"})
    assert (cluster.title, cluster.version) == ("Production EU", 2)
    entry = Entry.objects.get(action="cluster.edit")
    assert (entry.before, entry.after) == (
        {"title": "", "labels": {}},
        {"title": "Production EU", "labels": {"region": "eu"}},
    )


def test_an_edit_that_changes_nothing_leaves_no_trace(admin: User) -> None:
    assert edit_cluster(admin, saved_cluster(title="x"), title="x").version == 1
    assert not Entry.objects.exists()


def test_two_edits_of_the_same_reading_do_not_overwrite_each_other(admin: User) -> None:
    cluster = saved_cluster()
    stale = Cluster.objects.get(pk=cluster.pk)
    edit_cluster(admin, cluster, title="first")
    with pytest.raises(PreconditionFailed):
        edit_cluster(admin, stale, title="second")
    assert Cluster.objects.get().title == "first"


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"labels": {"a b": "x"}}, "/labels"),
        ({"labels": {"a": "x y"}}, "/labels"),
        ({"labels": []}, "/labels"),
        ({"labels": {str(n): "x" for n in range(65)}}, "/labels"),
        ({"environment": "Prod"}, "/environment"),
        ({"prometheus_url": "javascript:alert(1)"}, "/prometheus_url"),
        ({"prometheus_url": "http://user:pw@prometheus"}, "/prometheus_url"),
        ({"prometheus_url": "http://prometheus:0"}, "/prometheus_url"),
        ({"title": "a\x00b"}, "/title"),
        ({"title": "x" * 201}, "/title"),
    ],
)
def test_bad_values_are_refused_by_name(admin: User, values: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        edit_cluster(admin, saved_cluster(), **values)
    assert [error["pointer"] for error in caught.value.errors] == [pointer]


def test_it_is_for_admins_and_a_stranger_learns_nothing(
    developer: User, stranger: User, payments: Team, api: Api
) -> None:
    cluster = saved_cluster("home")
    new_grant(payments, cluster, "dev")
    with pytest.raises(NotPermitted):
        edit_cluster(developer, cluster, title="x")
    assert api(developer).patch("/clusters/home/", {"title": "x"}).status_code == 403
    assert api(stranger).patch("/clusters/home/", {"title": "x"}).status_code == 404


def test_if_match_guards_the_edit(admin: User, api: Api) -> None:
    saved_cluster("home")
    client = api(admin)
    tag = client.get("/clusters/home/").headers["ETag"]
    assert client.patch("/clusters/home/", {"title": "one"}, headers={"If-Match": tag}).json()["title"] == "one"
    assert client.patch("/clusters/home/", {"title": "two"}, headers={"If-Match": tag}).status_code == 412
