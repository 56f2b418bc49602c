"""Changing and forgetting where a service runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from clusters.models import Cluster
from services.models import Environment, Service, Target
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_target
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
Running = Callable[..., dict[str, Any]]
PROD = "/services/checkout/targets/prod/"


@pytest.fixture
def target(checkout: Service, prod: Environment) -> Target:
    """The service in prod, on a cluster that nothing stands behind."""
    return new_target(checkout, prod)


def test_the_strategy_changes_without_asking_the_cluster(api: Api, developer: User, target: Target) -> None:
    answer = api(developer).patch(PROD, {"strategy": "rolling"})
    assert answer.status_code == 200, answer.content
    assert answer.json()["strategy"] == {"type": "rolling"}
    assert answer["ETag"] == '"2"'
    assert Entry.objects.get(action="target.edit").after["strategy"] == {"type": "rolling"}
    assert api(developer).patch(PROD, {"strategy": None}).json()["strategy"] is None


@pytest.mark.parametrize("field", ["environment", "cluster", "namespace", "workload"])
def test_its_place_stays(api: Api, developer: User, target: Target, field: str) -> None:
    answer = api(developer).patch(PROD, {field: "other"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


@pytest.mark.sandbox
def test_a_new_container_is_looked_up(
    api: Api, developer: User, checkout: Service, prod: Environment, cluster: Cluster, granted: str, running: Running
) -> None:
    running("web")
    new_target(checkout, prod, cluster, namespace=granted, workload="web", container="old")
    answer = api(developer).patch(PROD, {"container": "sidecar"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/container")
    assert api(developer).patch(PROD, {"container": "web"}).json()["container"] == "web"


def test_a_cluster_that_cannot_be_asked_changes_nothing(api: Api, developer: User, target: Target) -> None:
    assert api(developer).patch(PROD, {"container": "sidecar"}).status_code == 503
    target.refresh_from_db()
    assert (target.container, target.version) == ("checkout", 1)


def test_an_edit_of_an_old_version_is_refused(api: Api, developer: User, target: Target) -> None:
    api(developer).patch(PROD, {"strategy": "rolling"})
    assert api(developer).patch(PROD, {"strategy": None}, headers={"If-Match": '"1"'}).status_code == 412


def test_the_form_saves(web_client: Web, developer: User, target: Target) -> None:
    browser = web_client(developer)
    assert "It runs on" in browser.get("/services/checkout/targets/prod/edit/").content.decode()
    typed = {"container": "checkout", "kubernetes_service": "", "version": "1"}
    assert browser.post("/services/checkout/targets/prod/edit/", typed).status_code == 303


@pytest.mark.sandbox
def test_forgetting_leaves_the_workload(
    api: Api,
    maintainer: User,
    checkout: Service,
    prod: Environment,
    cluster: Cluster,
    granted: str,
    running: Running,
    kubectl: Kubectl,
) -> None:
    running("checkout")
    new_target(checkout, prod, cluster, namespace=granted)
    assert api(maintainer).delete(PROD).status_code == 204
    assert api(maintainer).get(PROD).status_code == 404
    assert kubectl.exists(f"/apis/apps/v1/namespaces/{granted}/deployments/checkout")
    assert Entry.objects.get(action="target.remove").before["environment"] == "prod"


def test_developers_may_not_remove(api: Api, developer: User, target: Target) -> None:
    assert api(developer).delete(PROD).status_code == 403


def test_the_page_wants_the_environment_typed(web_client: Web, maintainer: User, target: Target) -> None:
    browser = web_client(maintainer)
    url = "/services/checkout/targets/prod/remove/"
    assert browser.post(url, {"confirm": "checkout"}).status_code == 422
    assert browser.post(url, {"confirm": "prod"})["Location"] == "/services/checkout/"
    assert not Target.objects.exists()


def test_a_cluster_with_targets_stays_registered(api: Api, admin: User, target: Target) -> None:
    answer = api(admin).delete(f"/clusters/{target.cluster.name}/")
    assert answer.status_code == 409
    assert answer.json()["blocked_by"][0]["service"] == "checkout"
