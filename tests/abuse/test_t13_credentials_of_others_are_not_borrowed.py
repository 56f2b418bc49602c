"""T13: nobody acts with what belongs to another team by naming it in an action of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from audit.models import Entry
from charts.models import HelmRelease
from deployments.models import Release
from services.models import Target
from tests.abuse.furnished import CHART, CLUSTER, STAGE, TEMPLATE, House, furnish
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_service, new_target

Api = Callable[..., ApiClient]


@pytest.fixture
def house(payments: Team, developer: User) -> House:
    """What team payments owns: a cluster it was granted, a chart, a template, a channel."""
    return furnish(payments, developer)


@pytest.fixture
def neighbour(house: House) -> User:
    """Maintainer of another team, which has a cluster and a service of its own and was granted nothing of the house."""
    team = new_team("neighbours")
    cluster = saved_cluster("own-cluster", status="connected")
    new_grant(team, cluster, STAGE)
    new_target(new_service("own-service", team), house.target.environment, cluster)
    return member_of(team, "maintainer", new_user("nel"))


def test_t13_a_target_cannot_be_put_into_a_cluster_of_others(api: Api, neighbour: User, house: House) -> None:
    where = {"environment": "other", "cluster": CLUSTER, "namespace": STAGE, "workload": "web"}
    answer = api(neighbour).post("/services/own-service/targets/", where)
    assert answer.status_code in {403, 404, 422}
    assert Target.objects.filter(service__name="own-service", cluster__name=CLUSTER).count() == 0
    moved = api(neighbour).patch(f"/services/own-service/targets/{STAGE}/", {"cluster": CLUSTER})
    assert moved.status_code in {403, 404, 422}
    assert Target.objects.filter(service__name="own-service", cluster__name=CLUSTER).count() == 0


def test_t13_a_chart_of_others_cannot_be_installed(api: Api, neighbour: User, house: House) -> None:
    before = HelmRelease.objects.count()
    wish = {"name": "x", "chart": f"uploads/{CHART}", "cluster": "own-cluster", "namespace": STAGE}
    answer = api(neighbour).post("/helm-releases/", wish)
    assert answer.status_code in {403, 404, 422}
    assert HelmRelease.objects.count() == before


def test_t13_a_helm_release_cannot_be_put_into_a_cluster_of_others(api: Api, neighbour: User, house: House) -> None:
    before = HelmRelease.objects.count()
    wish = {"name": "x", "chart": f"uploads/{CHART}", "cluster": CLUSTER, "namespace": STAGE}
    assert api(neighbour).post("/helm-releases/", wish).status_code in {403, 404, 422}
    assert HelmRelease.objects.count() == before


def test_t13_a_template_of_others_cannot_be_run_or_taken_into_a_release(
    api: Api, neighbour: User, house: House
) -> None:
    caller = api(neighbour)
    assert caller.post(f"/analysis-templates/{TEMPLATE}/try/", {"service": "own-service"}).status_code == 404
    strategy = {"kind": "canary", "steps": [{"analysis": {"template": TEMPLATE}}]}
    wish = {"service": "own-service", "environment": STAGE, "image": "shop/web:2", "strategy": strategy}
    assert caller.post("/releases/", wish).status_code in {403, 404, 409, 422, 503}
    assert not Release.objects.filter(target__service__name="own-service").exists()


def test_t13_a_channel_of_others_cannot_be_used(api: Api, neighbour: User, house: House) -> None:
    caller = api(neighbour)
    path = f"/notification-channels/{house.channel.pk}/"
    assert caller.post(f"{path}test/").status_code == 404
    assert caller.patch(path, {"team": "neighbours"}).status_code == 404
    assert not Entry.objects.filter(actor="nel").exists()
