"""Saying where a service runs, on the real API server: existing workloads, and workloads that are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.signals import pre_save

from accounts.models import Team, User
from audit.models import Entry
from clusters.models import Cluster, Grant
from services.models import Environment, Service, Target
from tests.callers import ApiClient, PageClient
from tests.conftest import until
from tests.factories.clusters import cluster_at, new_cluster, reachable_cluster
from tests.factories.services import new_environment, new_service, new_target
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
Running = Callable[..., dict[str, Any]]
TARGETS = "/services/checkout/targets/"

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


@pytest.fixture
def place(checkout: Service, prod: Environment, cluster: Cluster, granted: str) -> dict[str, str]:
    """A body that says: prod is the Deployment checkout in the granted namespace."""
    return {"environment": "prod", "cluster": cluster.name, "namespace": granted, "workload": "checkout"}


def test_it_ties_a_workload_that_exists(api: Api, developer: User, place: dict[str, str], running: Running) -> None:
    running("checkout")
    made = api(developer).post(TARGETS, place)
    assert made.status_code == 201, made.content
    assert made["Location"] == "/api/v1/services/checkout/targets/prod/"
    assert made.json()["container"] == "checkout"
    cluster = Cluster.objects.get()
    assert Target.objects.get().workload_key == f"{cluster.uid}/{place['namespace']}/Deployment/checkout"
    assert Entry.objects.get(action="target.create").after["workload"] == "checkout"
    (listed,) = api(developer).get(TARGETS).json()["results"]
    assert (listed["environment"], listed["seen"]["health"]) == ("prod", "unknown")


def test_nothing_is_written_to_the_workload(
    api: Api, developer: User, place: dict[str, str], running: Running, kubectl: Kubectl
) -> None:
    before = running("checkout")
    api(developer).post(TARGETS, place)
    now = kubectl.get(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout")
    assert now["metadata"]["generation"] == before["metadata"]["generation"]
    assert now["metadata"]["labels"] == before["metadata"]["labels"]


def test_an_unknown_workload_is_told(api: Api, developer: User, place: dict[str, str]) -> None:
    answer = api(developer).post(TARGETS, place)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/workload"
    assert "has no Deployment “checkout”" in answer.json()["detail"]
    assert not Target.objects.exists()


def test_a_workload_that_is_being_deleted_is_told(
    api: Api, developer: User, place: dict[str, str], running: Running, kubectl: Kubectl
) -> None:
    running("checkout")
    path = f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout"
    kubectl.patch(path, {"metadata": {"finalizers": ["slipway.dev/test"]}})
    kubectl.delete(path)
    try:
        answer = api(developer).post(TARGETS, place)
        assert answer.status_code == 422
        assert "is being deleted" in answer.json()["detail"]
    finally:
        kubectl.patch(path, {"metadata": {"finalizers": None}})


def test_an_unknown_container_or_kubernetes_service_is_told(
    api: Api, developer: User, place: dict[str, str], running: Running
) -> None:
    running("checkout")
    answer = api(developer).post(TARGETS, {**place, "container": "sidecar"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/container")
    assert "It has: checkout." in answer.json()["detail"]
    answer = api(developer).post(TARGETS, {**place, "kubernetes_service": "front"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kubernetes_service")
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", "qa"),
        ("cluster", "elsewhere"),
        ("namespace", "a/b"),
        ("workload", "Check out"),
        ("kind", "StatefulSet"),
        ("strategy", {"type": "yolo"}),
        ("colour", "red"),
    ],
)
def test_bad_fields_are_told_at_their_place(
    api: Api, developer: User, place: dict[str, str], field: str, value: Any
) -> None:
    answer = api(developer).post(TARGETS, {**place, field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


def test_a_namespace_without_a_grant_is_refused(
    api: Api, developer: User, place: dict[str, str], running: Running
) -> None:
    running("checkout")
    answer = api(developer).post(TARGETS, {**place, "namespace": "kube-system"})
    assert answer.status_code == 403
    assert "no grant for namespace kube-system" in answer.json()["detail"]


def test_an_admin_grants_by_doing_it(api: Api, admin: User, place: dict[str, str], running: Running) -> None:
    running("checkout")
    Grant.objects.all().delete()
    assert api(admin).post(TARGETS, place).status_code == 201
    assert Grant.objects.get().namespaces == [place["namespace"]]
    assert Entry.objects.filter(action="grant.create", actor="ada").exists()


def test_one_target_an_environment_one_workload_a_target(
    api: Api, developer: User, place: dict[str, str], running: Running
) -> None:
    running("checkout")
    running("ledger")
    api(developer).post(TARGETS, place)
    again = api(developer).post(TARGETS, {**place, "workload": "ledger"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "/environment")
    new_environment("dev")
    other = api(developer).post(TARGETS, {**place, "environment": "dev"})
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (409, "/workload")


def test_a_cluster_registered_twice_gives_no_second_target(
    api: Api, developer: User, payments: Team, place: dict[str, str], running: Running, sandbox_cluster: Any
) -> None:
    running("checkout")
    api(developer).post(TARGETS, place)
    twin = reachable_cluster(sandbox_cluster.kubeconfig, "twin")
    Grant.objects.create(team=payments, cluster=twin, namespaces=["*"])
    new_environment("dev")
    answer = api(developer).post(TARGETS, {**place, "environment": "dev", "cluster": "twin"})
    assert answer.status_code == 409
    assert "belongs to checkout in prod" in answer.json()["detail"]


def test_t47_the_other_service_is_not_named_to_whom_it_is_hidden(
    api: Api, developer: User, place: dict[str, str], running: Running
) -> None:
    running("checkout")
    hidden = new_service("hidden")
    new_target(hidden, "prod", Cluster.objects.get(), namespace=place["namespace"], workload="checkout")
    answer = api(developer).post(TARGETS, place)
    assert answer.status_code == 409
    assert "hidden" not in answer.content.decode()


def test_an_unreachable_cluster_is_told_and_leaves_nothing(
    api: Api, developer: User, payments: Team, checkout: Service, prod: Environment
) -> None:
    gone = cluster_at("https://127.0.0.1:9", "", name="gone")
    Cluster.objects.filter(pk=gone.pk).update(uid="gone-uid")
    Grant.objects.create(team=payments, cluster=gone, namespaces=["*"])
    body = {"environment": "prod", "cluster": "gone", "namespace": "prod", "workload": "checkout"}
    answer = api(developer).post(TARGETS, body)
    assert answer.status_code == 503
    assert answer.json()["cluster"] == "gone"
    assert not Target.objects.exists()


def test_a_cluster_never_reached_gives_no_key(
    api: Api, developer: User, payments: Team, checkout: Service, prod: Environment
) -> None:
    Grant.objects.create(team=payments, cluster=new_cluster("early"), namespaces=["*"])
    body = {"environment": "prod", "cluster": "early", "namespace": "prod", "workload": "checkout"}
    assert api(developer).post(TARGETS, body).status_code == 503


def test_viewers_may_not(api: Api, viewer: User, place: dict[str, str]) -> None:
    assert api(viewer).post(TARGETS, place).status_code == 403


CREATE = {
    "image": "registry.example/shop/checkout:1.0.0",
    "replicas": 0,
    "port": 8080,
    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    "env": {"BASKET_URL": "http://basket"},
    "probes": {"readiness": {"path": "/ready", "period_seconds": 5}},
}


def test_create_makes_deployment_and_service(
    api: Api, developer: User, place: dict[str, str], kubectl: Kubectl
) -> None:
    made = api(developer).post(TARGETS, {**place, "create": CREATE})
    assert made.status_code == 201, made.content
    deployment = kubectl.get(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == CREATE["image"]
    assert container["env"] == [{"name": "BASKET_URL", "value": "http://basket"}]
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert deployment["metadata"]["labels"]["slipway.dev/team"] == "payments"
    service = kubectl.get(f"/api/v1/namespaces/{place['namespace']}/services/checkout")
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert made.json()["kubernetes_service"] == "checkout"
    assert made.json()["container"] == container["name"]


def test_create_without_a_port_makes_no_service(
    api: Api, developer: User, place: dict[str, str], kubectl: Kubectl
) -> None:
    wish = {"image": "registry.example/shop/worker:1", "replicas": 0}
    assert api(developer).post(TARGETS, {**place, "create": wish}).status_code == 201
    assert not kubectl.exists(f"/api/v1/namespaces/{place['namespace']}/services/checkout")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"image": "nginx:"}, "/create/image"),
        ({"image": "UPPER/case"}, "/create/image"),
        ({"image": "a b"}, "/create/image"),
        ({"image": "a" * 400}, "/create/image"),
        ({"image": "a:1\n"}, "/create/image"),
        ({"image": 7}, "/create/image"),
        ({"replicas": "2"}, "/create/replicas"),
        ({"port": 70000}, "/create/port"),
        ({"resources": {"requests": {"cpu": "lots"}}}, "/create/resources/requests/cpu"),
        ({"env": {"1X": "y"}}, "/create/env/1X"),
        ({"probes": {"readiness": {"path": "ready"}}}, "/create/probes/readiness/path"),
        ({"command": ["sh"]}, "/create/command"),
    ],
)
def test_a_wish_that_cannot_be_is_told_at_its_place(
    api: Api, developer: User, place: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    answer = api(developer).post(TARGETS, {**place, "create": {**CREATE, **change}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Target.objects.exists()


def test_what_the_cluster_refuses_is_told_in_its_words_and_nothing_is_half_made(
    api: Api, developer: User, place: dict[str, str], kubectl: Kubectl
) -> None:
    limits = {"requests": {"memory": "128Mi"}, "limits": {"memory": "64Mi"}}
    answer = api(developer).post(TARGETS, {**place, "create": {**CREATE, "resources": limits}})
    assert answer.status_code == 422
    assert "must be less than or equal to memory limit" in answer.json()["detail"]
    assert not kubectl.exists(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout")
    assert not Target.objects.exists()


def test_a_service_of_the_name_that_exists_leaves_no_deployment_behind(
    api: Api, developer: User, place: dict[str, str], kubectl: Kubectl
) -> None:
    collection = f"/api/v1/namespaces/{place['namespace']}/services"
    ports = [{"port": 80}]
    kubectl.create(collection, {"metadata": {"name": "checkout"}, "spec": {"ports": ports, "selector": {"a": "b"}}})
    answer = api(developer).post(TARGETS, {**place, "create": CREATE})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kubernetes_service")
    assert not kubectl.exists(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout")


@pytest.fixture
def full_disk() -> Iterator[None]:
    """The database takes no more targets."""

    def refuse(**_signal: object) -> None:
        raise OperationalError("database or disk is full")

    pre_save.connect(refuse, sender=Target)
    yield
    pre_save.disconnect(refuse, sender=Target)


def test_what_was_made_goes_again_when_the_target_cannot_be_saved(
    api: Api, developer: User, place: dict[str, str], kubectl: Kubectl, full_disk: None
) -> None:
    assert api(developer).post(TARGETS, {**place, "create": CREATE}).status_code == 500
    until(lambda: not kubectl.exists(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout"))
    until(lambda: not kubectl.exists(f"/api/v1/namespaces/{place['namespace']}/services/checkout"))


def test_a_deployment_that_exists_is_not_overwritten(
    api: Api, developer: User, place: dict[str, str], running: Running
) -> None:
    running("checkout")
    answer = api(developer).post(TARGETS, {**place, "create": CREATE})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/workload")
    assert "Leave `create` out" in answer.json()["next"]


def test_a_missing_namespace_is_told(
    api: Api, developer: User, payments: Team, place: dict[str, str], cluster: Cluster
) -> None:
    Grant.objects.filter(team=payments, cluster=cluster).update(namespaces=["*"])
    answer = api(developer).post(TARGETS, {**place, "namespace": "no-such-place", "create": CREATE})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/namespace")


def test_the_form_ties_and_makes(
    web_client: Web, developer: User, place: dict[str, str], running: Running, kubectl: Kubectl
) -> None:
    browser = web_client(developer)
    refused = browser.post("/services/checkout/targets/new/", place)
    assert refused.status_code == 422
    assert "has no Deployment" in refused.content.decode()
    made = {**place, "make": "on", "image": CREATE["image"], "replicas": "0", "port": "8080", "env": "A=b"}
    refused = browser.post("/services/checkout/targets/new/", {**made, "image": "a b", "memory_limit": "lots"})
    assert refused.status_code == 422
    assert "no spaces" in refused.content.decode()
    assert 'value="a b"' in refused.content.decode()
    assert browser.post("/services/checkout/targets/new/", made)["Location"] == "/services/checkout/"
    assert kubectl.exists(f"/apis/apps/v1/namespaces/{place['namespace']}/deployments/checkout")
