"""T46: a team reaches what it was granted: neither kube-system nor the cluster that the portal itself runs on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Team, User
from clusters.models import Cluster, Grant
from services.models import Target
from tests.callers import ApiClient
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]


@pytest.fixture
def management() -> Cluster:
    """The cluster that the portal itself runs on; granted to nobody."""
    return saved_cluster("management", status="connected")


@pytest.fixture
def shop(payments: Team) -> Cluster:
    """A cluster of which team payments was granted the namespace `shop`."""
    cluster = saved_cluster("shop", status="connected")
    new_grant(payments, cluster, "shop")
    new_service("checkout", payments)
    new_environment("dev")
    return cluster


def test_t46_a_cluster_that_was_not_granted_is_not_there(
    api: Api, web_client: Callable[[User], Client], maintainer: User, management: Cluster, shop: Cluster
) -> None:
    caller = api(maintainer)
    assert [row["name"] for row in caller.get("/clusters/").json()["results"]] == ["shop"]
    for below in ("", "health/", "nodes/", "namespaces/", "workloads/", "events/"):
        assert caller.get(f"/clusters/management/{below}").status_code == 404, below
    assert web_client(maintainer).get("/clusters/management/").status_code == 404


@pytest.mark.parametrize(
    ("cluster", "namespace"),
    [("management", "shop"), ("shop", "kube-system"), ("shop", "default"), ("shop", "Shop"), ("shop", "*")],
)
def test_t46_no_target_can_be_put_where_the_team_may_not_go(
    api: Api, maintainer: User, management: Cluster, shop: Cluster, cluster: str, namespace: str
) -> None:
    target = {"environment": "dev", "cluster": cluster, "namespace": namespace, "workload": "checkout"}

    answer = api(maintainer).post("/services/checkout/targets/", target)

    assert answer.status_code in {403, 404, 422}
    assert not Target.objects.exists()


def test_t46_a_team_cannot_grant_itself_more(api: Api, maintainer: User, management: Cluster, shop: Cluster) -> None:
    wish = {"team": "payments", "cluster": "management", "namespaces": ["*"]}

    assert api(maintainer).post("/grants/", wish).status_code in {403, 404}

    assert list(Grant.objects.values_list("cluster__name", flat=True)) == ["shop"]


def test_t46_nothing_is_imported_from_where_the_team_may_not_look(
    api: Api, maintainer: User, management: Cluster, shop: Cluster
) -> None:
    answer = api(maintainer).post("/services/import/", {"cluster": "management"})

    assert answer.status_code in {403, 404, 422}
