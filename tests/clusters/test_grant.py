"""Grants: which team may use which namespaces, and what that lets its people see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Team, User
from audit.models import Entry
from clusters.commands.grant import create_grant, remove_grant
from clusters.grants import may_use_namespace, require_namespace
from clusters.models import Cluster, Grant, Observation
from tests.callers import ApiClient
from tests.factories.registered import new_grant, saved_cluster
from web.errors import Invalid, NotPermitted

pytestmark = pytest.mark.django_db
Api = Callable[..., ApiClient]


def test_a_grant_grows_and_every_step_is_recorded(admin: User, payments: Team) -> None:
    cluster = saved_cluster()
    first, is_new = create_grant(admin, payments, cluster, ["staging", "dev"])
    assert (first.namespaces, is_new) == (["dev", "staging"], True)
    again, is_new = create_grant(admin, payments, cluster, ["prod", "dev"])
    assert (again.pk, again.namespaces, is_new) == (first.pk, ["dev", "prod", "staging"], False)
    create_grant(admin, payments, cluster, ["dev"])
    assert Entry.objects.filter(action="grant.create", team="payments").count() == 2


def test_a_namespace_without_a_grant_is_refused_with_who_can_give_it(
    admin: User, developer: User, payments: Team
) -> None:
    cluster = saved_cluster("home")
    grant = new_grant(payments, cluster, "dev")
    require_namespace(developer, payments, cluster, "dev")
    require_namespace(admin, payments, cluster, "prod")
    with pytest.raises(NotPermitted, match="prod on cluster home") as caught:
        require_namespace(developer, payments, cluster, "prod")
    assert caught.value.granted_by == "an admin"
    remove_grant(admin, grant)
    assert not may_use_namespace(developer, payments, cluster, "dev")


@pytest.mark.parametrize("namespaces", [[], ["a b"], ["UPPER"], [""], ["ok", "../x"]])
def test_what_is_no_namespace_is_refused(admin: User, payments: Team, namespaces: list[str]) -> None:
    with pytest.raises(Invalid):
        create_grant(admin, payments, saved_cluster(), namespaces)


def test_over_rest_admins_give_and_take(admin: User, developer: User, payments: Team, api: Api) -> None:
    saved_cluster("home")
    client = api(admin)
    body = {"team": "payments", "cluster": "home", "namespaces": ["dev"]}
    made = client.post("/grants/", body)
    assert (made.status_code, made.json()["namespaces"]) == (201, ["dev"])
    assert client.post("/grants/", body).status_code == 200
    assert api(developer).post("/grants/", body).status_code == 403
    assert api(developer).get("/grants/").json()["count"] == 1
    assert client.post("/grants/", {**body, "team": "nobody"}).json()["errors"][0]["pointer"] == "/team"
    assert client.delete(made.headers["Location"]).status_code == 204
    assert not Grant.objects.exists()


def test_people_see_the_clusters_their_teams_hold_a_grant_on(
    admin: User, developer: User, stranger: User, payments: Team, api: Api
) -> None:
    new_grant(payments, saved_cluster("home"), "dev")
    saved_cluster("other")
    seen = {
        user.username: [row["name"] for row in api(user).get("/clusters/").json()["results"]]
        for user in (admin, developer, stranger)
    }
    assert seen == {"ada": ["home", "other"], "dev": ["home"], "sam": []}
    paths = ("", "health/", "info/", "nodes/", "namespaces/", "workloads/", "events/", "access-manifest/")
    assert {api(stranger).get(f"/clusters/home/{path}").status_code for path in paths} == {404}
    assert {api(developer).get(f"/clusters/home/{path}").status_code for path in paths} == {200}


def observed(cluster: Cluster, kind: str, namespace: str, name: str) -> None:
    Observation.objects.create(
        cluster=cluster,
        kind=kind,
        namespace=namespace,
        name=name,
        uid=f"{kind}{namespace}{name}",
        seen_at=timezone.now(),
    )


def test_people_see_the_workloads_of_granted_namespaces_alone(
    developer: User, admin: User, payments: Team, api: Api
) -> None:
    cluster = saved_cluster("home")
    new_grant(payments, cluster, "dev")
    for namespace in ("dev", "prod"):
        observed(cluster, "Namespace", "", namespace)
        observed(cluster, "Deployment", namespace, "web")
    client = api(developer)
    assert [row["namespace"] for row in client.get("/clusters/home/workloads/").json()["results"]] == ["dev"]
    assert [row["name"] for row in client.get("/clusters/home/namespaces/").json()["results"]] == ["dev"]
    assert client.get("/clusters/home/workloads/?namespace=prod").status_code == 403
    assert api(admin).get("/clusters/home/workloads/").json()["count"] == 2


def test_long_lists_come_in_portions_that_join_up(admin: User, api: Api) -> None:
    cluster = saved_cluster("home")
    for number in range(7):
        observed(cluster, "Deployment", "dev", f"web-{number}")
    client, url, names = api(admin), "/clusters/home/workloads/?limit=3", []
    while url:
        portion = client.get(url).json()
        names += [row["name"] for row in portion["results"]]
        url = portion["next"]
    assert names == [f"web-{number}" for number in range(7)]
    assert client.get("/clusters/home/workloads/?limit=0").status_code == 400
    assert client.get("/clusters/home/workloads/?cursor=%21").status_code == 400
    assert client.get("/clusters/home/workloads/?wat=1").status_code == 400


def test_the_list_costs_the_same_for_one_cluster_or_twenty(
    admin: User, api: Api, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _number in range(20):
        saved_cluster(created_by=admin)
    client = api(admin)
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        assert client.get("/clusters/").json()["count"] == 20


def test_the_manifest_is_given_for_the_features_asked_for(admin: User, api: Api) -> None:
    saved_cluster("home")
    client = api(admin)
    answer = client.get("/clusters/home/access-manifest/")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    text = answer.content.decode()
    assert "kind: ServiceAccount" in text
    assert "ValidatingAdmissionPolicy" not in text
    assert "ValidatingAdmissionPolicy" in client.get("/clusters/home/access-manifest/?guard=true").content.decode()
    assert (
        "create"
        not in client.get("/clusters/home/access-manifest/?features=observe").content.decode().split("---", 3)[3]
    )
    assert client.get("/clusters/home/access-manifest/?features=fly").status_code == 400
