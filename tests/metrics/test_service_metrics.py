"""GET /services/{name}/metrics/: the golden signals of a service, from the sandbox's real Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from clusters.models import Cluster
from services.models import Target
from tests.callers import ApiClient
from tests.factories.deployments import new_release
from tests.factories.services import new_environment, new_service, new_target

Api = Callable[..., ApiClient]
PATH = "/services/checkout/metrics/"


@pytest.mark.sandbox
def test_it_answers_every_golden_signal_as_a_matrix(api: Api, viewer: User, checkout: Target) -> None:
    answer = api(viewer).get(PATH, {"environment": "prod", "range": "15m", "step": "15s"}).json()
    signals = answer["signals"]
    assert set(signals) == {
        *("request_rate", "error_ratio", "latency_p50", "latency_p95", "latency_p99", "cpu", "memory")
    }
    for name, signal in signals.items():
        assert (name, signal["no_data"], len(signal["result"])) == (name, None, 1)
        at, number = signal["result"][0]["values"][-1]
        assert answer["step"] == 15 and at % 15 == 0
        assert float(number) >= 0
    assert answer["no_data"] is None
    rate, p50, p99 = (
        float(signals[name]["result"][0]["values"][-1][1]) for name in ("request_rate", "latency_p50", "latency_p99")
    )
    assert rate > 0
    assert p50 <= p99
    assert 'namespace="prod"' in signals["request_rate"]["query"]


@pytest.mark.sandbox
def test_releases_are_marks_on_the_same_time(api: Api, developer: User, checkout: Target) -> None:
    began = timezone.now() - timedelta(minutes=5)
    new_release(
        checkout, "1.8.0", by=developer, phase="Failed", started_at=began, finished_at=began + timedelta(minutes=1)
    )
    new_release(
        checkout,
        "1.2.0",
        phase="Succeeded",
        started_at=began - timedelta(days=3),
        finished_at=began - timedelta(days=3),
    )
    markers = api(developer).get(PATH, {"range": "15m"}).json()["markers"]
    assert [(one["kind"], one["version"], one["status"]) for one in markers] == [
        ("start", "1.8.0", "failed"),
        ("finish", "1.8.0", "failed"),
    ]


@pytest.mark.sandbox
def test_a_workload_without_series_is_said_to_have_none(api: Api, developer: User, checkout: Target) -> None:
    Target.objects.update(workload="idle")
    signals = api(developer).get(PATH).json()["signals"]
    assert signals["request_rate"]["result"] == []
    assert "no series for http_requests_total of Pods of idle in namespace prod" in signals["request_rate"]["no_data"]


def test_a_cluster_without_prometheus_says_so(api: Api, developer: User, payments: object) -> None:
    new_target(new_service("checkout", developer.memberships.get().team), "prod")
    answer = api(developer).get(PATH)
    assert answer.status_code == 200
    assert "No Prometheus is registered" in answer.json()["no_data"]
    assert answer.json()["signals"]["cpu"]["no_data"] == answer.json()["no_data"]


def test_a_dead_prometheus_is_told_and_costs_its_deadline_once(api: Api, developer: User) -> None:
    cluster = Cluster.objects.create(name="dead", prometheus_url="http://127.0.0.1:9", allow_private_address=True)
    new_target(new_service("checkout", developer.memberships.get().team), "prod", cluster)
    answer = api(developer).get(PATH).json()
    assert "no connection to Prometheus at 127.0.0.1" in answer["no_data"]


def test_a_private_address_is_asked_only_where_an_admin_allowed_it(api: Api, developer: User) -> None:
    cluster = Cluster.objects.create(name="sly", prometheus_url="http://127.0.0.1:9")
    new_target(new_service("checkout", developer.memberships.get().team), "prod", cluster)
    assert "private or loopback" in api(developer).get(PATH).json()["no_data"]


def test_another_team_s_service_is_not_there(api: Api, stranger: User, developer: User) -> None:
    new_target(new_service("checkout", developer.memberships.get().team), "prod")
    assert api(stranger).get(PATH).status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"environment": "qa"}, "It runs in: prod"),
        ({"range": "soon"}, "is no range"),
        ({"range": "24h", "step": "1"}, "most is 300"),
        ({"range": "90d"}, "longest range"),
        ({"span": "1h"}, "no parameter"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    api: Api, developer: User, given: dict[str, str], said: str
) -> None:
    new_target(new_service("checkout", developer.memberships.get().team), "prod")
    answer = api(developer).get(PATH, given)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_a_service_that_runs_nowhere_has_no_metrics(api: Api, developer: User) -> None:
    new_service("checkout", developer.memberships.get().team)
    assert api(developer).get(PATH).status_code == 409


@pytest.mark.sandbox
def test_it_costs_the_same_queries_with_many_environments(
    api: Api, developer: User, checkout: Target, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for name in ("dev", "qa", "staging"):
        new_target(checkout.service, new_environment(name, order=1), checkout.cluster)
    client = api(developer)
    client.get(PATH)
    with django_assert_max_num_queries(9):
        assert client.get(PATH, {"environment": "prod"}).status_code == 200
