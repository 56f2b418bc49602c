"""Renaming a cluster: one PATCH, after which all addresses and lists have the new name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from audit.models import Entry
from clusters.models import Cluster
from tests.callers import ApiClient, PageClient
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_service, new_target

pytestmark = pytest.mark.django_db
Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def test_it_renames_and_everything_that_names_the_cluster_follows(api: Api, admin: User, payments: Team) -> None:
    cluster = saved_cluster("eu-old")
    new_grant(payments, cluster)
    new_target(new_service("checkout", payments), "dev", cluster)
    answer = api(admin).patch("/clusters/eu-old/", {"name": "eu-1"})
    assert (answer.status_code, answer.json()["name"]) == (200, "eu-1")
    assert api(admin).get("/clusters/eu-old/").status_code == 404
    assert api(admin).get("/clusters/eu-1/health/").status_code == 200
    assert api(admin).get("/services/checkout/targets/").json()["results"][0]["cluster"] == "eu-1"
    assert api(admin).get("/grants/").json()["results"][0]["cluster"] == "eu-1"
    entry = Entry.objects.get(action="cluster.edit")
    assert (entry.before, entry.after) == ({"name": "eu-old"}, {"name": "eu-1"})


@pytest.mark.parametrize(("name", "status"), [("other", 409), ("OTHER", 422), ("new", 422), ("a b", 422), ("", 422)])
def test_a_name_that_is_taken_or_none_is_refused(api: Api, admin: User, name: str, status: int) -> None:
    saved_cluster("other")
    saved_cluster("mine")
    assert api(admin).patch("/clusters/mine/", {"name": name}).status_code == status
    assert Cluster.objects.filter(name="mine").exists()


def test_only_an_admin_may(api: Api, maintainer: User, payments: Team) -> None:
    new_grant(payments, saved_cluster("mine"))
    assert api(maintainer).patch("/clusters/mine/", {"name": "yours"}).status_code == 403


def test_the_form_renames_without_javascript(web_client: Web, admin: User) -> None:
    saved_cluster("mine")
    browser = web_client(admin)
    fields = {"name": "ours", "title": "", "environment": "", "labels": "", "prometheus_url": "", "version": "1"}
    answer = browser.post("/clusters/mine/edit/", fields)
    assert (answer.status_code, answer["Location"]) == (303, "/clusters/ours/")
    saved_cluster("taken")
    refused = browser.post("/clusters/ours/edit/", {**fields, "name": "taken", "version": "2"})
    assert refused.status_code == 422
    assert "There is a cluster named taken already" in refused.content.decode()
