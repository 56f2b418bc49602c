"""The list of services: who sees what, how it narrows, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from tests.callers import ApiClient, PageClient
from tests.factories.clusters import new_cluster, watched_now
from tests.factories.services import new_environment, new_service, new_target, seen_deployment

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_each_person_sees_the_services_of_their_teams(
    api: Api, payments: Team, viewer: User, stranger: User, admin: User
) -> None:
    new_service("checkout", payments)
    assert names(api(viewer).get("/services/")) == ["checkout"]
    assert names(api(stranger).get("/services/")) == []
    assert names(api(admin).get("/services/")) == ["checkout"]


def test_approvers_that_an_environment_names_see_what_runs_there(api: Api, payments: Team, stranger: User) -> None:
    prod = new_environment("prod", approvals=[{"team": "strangers", "count": 1}])
    new_target(new_service("checkout", payments), prod)
    new_service("ledger", payments)
    assert names(api(stranger).get("/services/")) == ["checkout"]
    edit = api(stranger).patch("/services/checkout/", {"title": "Ours now"})
    assert edit.status_code == 403
    assert "service.edit" in edit.json()["detail"]


def test_it_searches_filters_sorts_and_pages(api: Api, admin: User, payments: Team) -> None:
    new_service("checkout", payments, description="Takes a basket to a paid order.", system="shop", tags=["paid"])
    new_service("basket", system="shop", lifecycle="deprecated")
    new_service("mail")
    assert names(api(admin).get("/services/?search=paid order")) == ["checkout"]
    assert names(api(admin).get("/services/?system=shop&ordering=-name")) == ["checkout", "basket"]
    assert names(api(admin).get("/services/?lifecycle=deprecated")) == ["basket"]
    assert names(api(admin).get("/services/?team=payments")) == ["checkout"]
    assert names(api(admin).get("/services/?tag=paid")) == ["checkout"]

    first = api(admin).get("/services/?limit=2")
    assert names(first) == ["basket", "checkout"]
    assert first.json()["count"] == 3
    assert names(api(admin).get(first.json()["next"])) == ["mail"]


def test_unknown_parameters_and_values_are_told(api: Api, admin: User) -> None:
    assert api(admin).get("/services/?colour=red").status_code == 400
    answer = api(admin).get("/services/?health=rosy")
    assert answer.status_code == 400
    assert "degraded" in answer.json()["detail"]
    assert api(admin).get("/services/?ordering=team__name").status_code == 400


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", '"); DROP TABLE services_service; --', "%", "_", "a\\", "{{7*7}}", "name__regex=.*", "🚢"]
)
def test_t38_filters_take_texts_as_texts(api: Api, admin: User, value: str) -> None:
    new_service("checkout")
    for field in ("search", "team", "environment", "system", "tag", "lifecycle"):
        assert names(api(admin).get("/services/", {field: value})) == []
    assert names(api(admin).get("/services/")) == ["checkout"]


def test_health_filters_by_what_was_seen(api: Api, admin: User) -> None:
    cluster = new_cluster(uid="one")
    watched_now(cluster)
    for name, ready in (("well", 2), ("half", 1), ("dead", 0)):
        seen_deployment(new_target(new_service(name), "prod", cluster), ready=ready)
    new_target(new_service("gone"), "prod", cluster)
    silent = new_cluster(uid="two")
    seen_deployment(new_target(new_service("mute"), "dev", silent))

    expected = {"healthy": "well", "degraded": "half", "down": "dead", "missing": "gone", "unknown": "mute"}
    for health, name in expected.items():
        assert names(api(admin).get(f"/services/?health={health}")) == [name]
    assert names(api(admin).get("/services/?health=healthy&environment=dev")) == []
    assert names(api(admin).get("/services/?environment=dev")) == ["mute"]


def test_the_page_shows_each_environment_with_health_and_version(web_client: Web, payments: Team, viewer: User) -> None:
    target = new_target(new_service("checkout", payments), "prod")
    watched_now(target.cluster)
    seen_deployment(target, "registry.example/shop/checkout:1.7.3", ready=1)
    page = web_client(viewer).get("/services/")
    assert page.status_code == 200
    for text in ("checkout", "payments", "prod", "degraded", "1.7.3"):
        assert text in page.content.decode()


def test_the_page_costs_the_same_few_queries_at_any_length(web_client: Web, admin: User) -> None:
    browser = web_client(admin)

    def cost(of: int) -> int:
        for _number in range(of):
            service = new_service()
            for environment in ("dev", "staging", "prod"):
                seen_deployment(new_target(service, environment))
        browser.get("/services/")
        with CaptureQueriesContext(connection) as queries:
            assert browser.get("/services/").status_code == 200
        return len(queries)

    assert cost(of=1) == cost(of=12) <= 12


def test_an_empty_page_says_why_it_is_empty(web_client: Web, admin: User, viewer: User, payments: Team) -> None:
    assert "Import from a cluster" in web_client(admin).get("/services/").content.decode()
    assert "services of your teams" in web_client(viewer).get("/services/").content.decode()
    new_service("checkout", payments)
    assert "No service matches" in web_client(viewer).get("/services/?search=nothing").content.decode()
