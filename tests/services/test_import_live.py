"""Importing what runs on a cluster, by its labels, on the real API server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from clusters.commands.grant import create_grant
from clusters.models import Cluster, Grant
from services.commands import import_live
from services.models import Environment, Service, Target
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import new_team
from tests.factories.clusters import cluster_at, new_cluster, observed, watched_now
from tests.factories.services import deployment_as_seen, new_environment, new_service, new_target
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
Running = Callable[..., dict[str, Any]]
DRY = "/services/import/?dry_run=true"

pytestmark = pytest.mark.sandbox


@pytest.fixture
def stage(granted: str) -> Environment:
    """An environment that is named like the granted namespace."""
    return new_environment(granted)


@pytest.fixture
def shop(running: Running, kubectl: Kubectl, granted: str) -> None:
    """Two labelled Deployments of team payments: checkout depends on basket."""
    labels = {
        "app.kubernetes.io__part-of": "shop",
        "app.kubernetes.io__version": "1.7.3",
        "slipway.dev__team": "payments",
    }
    running("basket", **labels)
    running("checkout", **labels)
    annotations = {"slipway.dev/depends-on": "basket, stock"}
    path = f"/apis/apps/v1/namespaces/{granted}/deployments/checkout"
    kubectl.patch(path, {"metadata": {"annotations": annotations}})


def post(caller: ApiClient, cluster: Cluster, namespace: str, *, dry_run: bool = False) -> dict[str, Any]:
    answer = caller.post(DRY if dry_run else "/services/import/", {"cluster": cluster.name, "namespace": namespace})
    assert answer.status_code == 200, answer.content
    plan: dict[str, Any] = answer.json()
    return plan


def test_the_plan_comes_first_and_changes_nothing(
    api: Api, maintainer: User, cluster: Cluster, granted: str, stage: Environment, shop: None
) -> None:
    plan = post(api(maintainer), cluster, granted, dry_run=True)
    assert [row["service"] for row in plan["create"]] == ["basket", "checkout"]
    assert plan["create"][1]["targets"][0]["version"] == "1.7.3"
    assert plan["update"] == plan["unchanged"] == plan["conflict"] == plan["invalid"] == []
    assert not Service.objects.exists()
    assert not Entry.objects.filter(action__startswith="service.").exists()


def test_it_fills_the_catalog_and_a_second_time_nothing_is_left(
    api: Api, maintainer: User, cluster: Cluster, granted: str, stage: Environment, shop: None
) -> None:
    post(api(maintainer), cluster, granted)
    checkout = Service.objects.get(name="checkout")
    assert (checkout.system, checkout.team.name) == ("shop", "payments")
    assert checkout.depends_on == ["basket", "stock"]
    target = checkout.targets.get()
    assert (target.environment, target.workload, target.container) == (stage, "checkout", "checkout")
    assert Entry.objects.filter(action="service.import", object_name="checkout", actor="mia").exists()

    again = post(api(maintainer), cluster, granted)
    assert [row["service"] for row in again["unchanged"]] == ["basket", "checkout"]
    assert again["create"] == again["update"] == []


def test_it_writes_nothing_to_the_cluster(
    maintainer: User, cluster: Cluster, granted: str, stage: Environment, shop: None, kubectl: Kubectl
) -> None:
    path = f"/apis/apps/v1/namespaces/{granted}/deployments/checkout"
    before = kubectl.get(path)["metadata"]
    import_live(maintainer, cluster, granted)
    after = kubectl.get(path)["metadata"]
    # The controller may still write its status meanwhile, so the resourceVersion tells nothing.
    for field in ("generation", "labels"):
        assert after[field] == before[field]
    assert "slipway" not in {entry["manager"] for entry in after["managedFields"]}


def test_it_updates_what_the_labels_say_and_keeps_what_people_wrote(
    api: Api, maintainer: User, payments: Team, cluster: Cluster, granted: str, stage: Environment, shop: None
) -> None:
    new_service("checkout", payments, description="Written by hand", system="old")
    plan = post(api(maintainer), cluster, granted)
    (row,) = plan["update"]
    assert row["changes"]["system"] == {"before": "old", "after": "shop"}
    checkout = Service.objects.get(name="checkout")
    assert (checkout.system, checkout.description) == ("shop", "Written by hand")


def test_workloads_that_say_too_little_are_told(
    api: Api, maintainer: User, cluster: Cluster, granted: str, stage: Environment, running: Running, kubectl: Kubectl
) -> None:
    running("ownerless")
    running("nameless", app__kubernetes="x")
    path = f"/apis/apps/v1/namespaces/{granted}/deployments/nameless"
    kubectl.patch(path, {"metadata": {"labels": {"app.kubernetes.io/name": None}}})
    running("shouting", **{"app.kubernetes.io__name": "SHOUTING", "slipway.dev__team": "payments"})
    plan = post(api(maintainer), cluster, granted)
    assert [(row["service"], row["code"]) for row in plan["conflict"]] == [("ownerless", "no_team")]
    assert "slipway.dev/team" in plan["conflict"][0]["next"]
    assert [row["object"] for row in plan["invalid"]] == [f"{granted}/nameless", f"{granted}/shouting"]
    assert {row["pointer"] for row in plan["invalid"]} == {"/metadata/labels/app.kubernetes.io~1name"}


def test_two_workloads_of_one_name_in_one_environment_are_a_conflict(
    api: Api, maintainer: User, cluster: Cluster, granted: str, stage: Environment, running: Running
) -> None:
    for name in ("one", "two"):
        running(name, **{"app.kubernetes.io__name": "web", "slipway.dev__team": "payments"})
    plan = post(api(maintainer), cluster, granted)
    assert [row["code"] for row in plan["conflict"]] == ["twice"]
    assert Target.objects.get().workload == "one"


def test_a_namespace_without_an_environment_is_told_and_the_service_still_comes(
    api: Api, maintainer: User, cluster: Cluster, granted: str, shop: None
) -> None:
    plan = post(api(maintainer), cluster, granted)
    assert [row["code"] for row in plan["conflict"]] == ["no_environment", "no_environment"]
    assert Service.objects.count() == 2
    assert not Target.objects.exists()


def test_the_clusters_environment_stands_in(
    api: Api, maintainer: User, cluster: Cluster, granted: str, prod: Environment, shop: None
) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(environment="prod")
    cluster.refresh_from_db()
    post(api(maintainer), cluster, granted)
    assert {target.environment for target in Target.objects.all()} == {prod}


def test_an_admins_import_makes_teams_and_grants(
    api: Api, admin: User, cluster: Cluster, namespace: str, kubectl: Kubectl
) -> None:
    new_environment(namespace)
    manifest = {
        **deployment_as_seen("web", "", "registry.example/web:1"),
        "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web", "slipway.dev/team": "brand-new"}},
    }
    kubectl.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", manifest)
    plan = post(api(admin), cluster, namespace)
    assert plan["create"][0]["makes_team"] is True
    assert Target.objects.get().team.name == "brand-new"
    assert Grant.objects.get().namespaces == [namespace]
    assert Entry.objects.filter(action="team.create", object_name="brand-new").exists()


def test_without_an_own_team_or_grant_it_is_refused(
    api: Api, developer: User, stranger: User, cluster: Cluster, granted: str, shop: None
) -> None:
    body = {"cluster": cluster.name, "namespace": granted}
    assert api(developer).post("/services/import/", body).status_code == 403
    assert api(stranger).post("/services/import/", body).status_code == 422
    create_grant(None, Team.objects.get(name="strangers"), cluster, ["elsewhere"])
    answer = api(stranger).post("/services/import/", body)
    assert answer.status_code == 403
    assert "no grant" in answer.json()["detail"]


def test_t47_foreign_teams_and_missing_ones_get_the_same_answer(
    api: Api, stranger: User, cluster: Cluster, granted: str, stage: Environment, running: Running
) -> None:
    create_grant(None, Team.objects.get(name="strangers"), cluster, [granted])
    running("one", **{"slipway.dev__team": "payments"})
    running("two", **{"slipway.dev__team": "nobody"})
    one, two = post(api(stranger), cluster, granted)["conflict"]
    assert (one["code"], one["next"]) == (two["code"], two["next"])
    assert one["detail"].replace("one", "two").replace("payments", "nobody") == two["detail"]


def test_names_and_workloads_of_others_are_conflicts(
    api: Api, maintainer: User, cluster: Cluster, granted: str, stage: Environment, shop: None
) -> None:
    new_service("basket", new_team("others"))
    hidden = new_service("hidden")
    new_target(hidden, "dev", cluster, namespace=granted, workload="checkout")
    plan = post(api(maintainer), cluster, granted)
    assert {(row["service"], row["code"]) for row in plan["conflict"]} == {
        ("basket", "name_taken"),
        ("checkout", "workload_taken"),
    }
    assert "hidden" not in str(plan)


def test_a_silent_cluster_is_told(api: Api, maintainer: User, payments: Team) -> None:
    gone = cluster_at("https://127.0.0.1:9", "", name="gone")
    Cluster.objects.filter(pk=gone.pk).update(uid="gone-uid")
    create_grant(None, payments, gone, ["*"])
    answer = api(maintainer).post("/services/import/", {"cluster": "gone"})
    assert answer.status_code == 503
    assert not Service.objects.exists()


def test_fresh_observations_spare_the_cluster_the_question(admin: User) -> None:
    unreachable = new_cluster("seen", uid="seen-uid")
    watched_now(unreachable)
    new_environment("prod")
    labels = {"app.kubernetes.io/name": "web", "slipway.dev/team": "payments"}
    note = {"slipway.dev/depends-on": "basket"}
    observed(unreachable, deployment_as_seen("web", "prod", "r.example/web:2.1", labels=labels, annotations=note))
    observed(unreachable, deployment_as_seen("coredns", "kube-system", "r.example/dns:1", labels=labels))
    import_live(admin, unreachable)
    service = Service.objects.get()
    assert service.depends_on == ["basket"]
    assert service.targets.get().namespace == "prod"


def test_the_page_shows_the_plan_and_then_does_it(
    web_client: Web, maintainer: User, cluster: Cluster, granted: str, stage: Environment, shop: None
) -> None:
    browser = web_client(maintainer)
    source = {"source": "cluster", "cluster": cluster.name, "namespace": granted}
    plan = browser.post("/services/import/", source).content.decode()
    assert "What would be imported" in plan
    assert "Import: create 2, update 0" in plan
    assert not Service.objects.exists()
    done = browser.post("/services/import/", {**source, "step": "import"}).content.decode()
    assert "What was imported" in done
    assert Service.objects.count() == 2
