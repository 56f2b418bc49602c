"""The page of one service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis

from accounts.models import Team, User
from clusters.signals import Changed, objects_changed
from services import slots
from services.live import may_see_service
from services.models import Service, Target
from services.queries import row_extras
from tests.callers import PageClient
from tests.conftest import until
from tests.factories.clusters import watched_now
from tests.factories.services import new_environment, new_service, new_target, seen_deployment
from web.live import channel

Web = Callable[[User], PageClient]


def shown(browser: PageClient, path: str = "/services/checkout/") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def in_prod(checkout: Service) -> Target:
    """The service in prod, on a cluster that is being watched."""
    target = new_target(checkout, "prod")
    watched_now(target.cluster)
    return target


def test_it_shows_a_row_for_each_environment(web_client: Web, developer: User, in_prod: Target) -> None:
    seen_deployment(in_prod, "registry.example/shop/checkout:1.7.3", desired=3, ready=2)
    new_environment("staging")
    page = shown(web_client(developer))
    for text in (
        "payments",
        "1.7.3",
        "degraded",
        "1 of 3 Pods is not ready",
        "2 / 3",
        "staging",
        "It does not run here",
    ):
        assert text in page


def test_it_says_what_it_does_not_know(web_client: Web, developer: User, in_prod: Target) -> None:
    assert "it was deleted or renamed" in shown(web_client(developer))
    in_prod.cluster.watches.all().delete()
    page = shown(web_client(developer))
    assert "has not been heard of lately" in page
    assert "not known" in page


def test_it_shows_dependencies_both_ways(web_client: Web, developer: User, payments: Team, checkout: Service) -> None:
    basket = new_service("basket", payments, depends_on=["checkout"])
    target = new_target(basket, "prod")
    watched_now(target.cluster)
    seen_deployment(target, ready=0)
    new_service("secret-plan", depends_on=["checkout"])
    Service.objects.filter(pk=checkout.pk).update(depends_on=["basket", "secret-plan", "mail"])
    page = shown(web_client(developer))
    assert "prod: No Pod is ready." in page
    assert page.count("not in your catalog") == 2
    assert page.partition("<main")[2].count('href="/services/basket/"') == 2
    assert 'href="/services/secret-plan/"' not in page


def test_buttons_say_why_they_are_off(web_client: Web, viewer: User, in_prod: Target) -> None:
    page = shown(web_client(viewer))
    assert "You lack service.edit in team payments" in page
    assert "You lack target.create in team payments" in page


def test_the_live_region_is_the_region_of_the_page(web_client: Web, developer: User, in_prod: Target) -> None:
    seen_deployment(in_prod)
    browser = web_client(developer)
    for name in ("environments", "slots", "dependencies"):
        alone = browser.fragment("/services/checkout/", name)
        assert alone.status_code == 200
        assert f'id="{name}"' in alone.content.decode()
        assert "<html" not in alone.content.decode()
    assert browser.fragment("/services/checkout/", "nothing").status_code == 404


def test_it_costs_the_same_queries_with_many_environments(web_client: Web, developer: User, checkout: Service) -> None:
    browser = web_client(developer)

    def cost(names: list[str]) -> int:
        for name in names:
            target = new_target(checkout, name)
            seen_deployment(target)
        shown(browser)
        with CaptureQueriesContext(connection) as queries:
            shown(browser)
        return len(queries)

    assert cost(["dev"]) == cost(["qa", "staging", "prod"])


@pytest.fixture
def upper_room(checkout: Service) -> Iterator[None]:
    """A room above that knows the last release of every target and has a card for the page."""

    def extras(targets: list[Target]) -> dict[Any, dict[str, Any]]:
        last = {"url": "/releases/1/", "label": "#1", "status": "succeeded", "at": checkout.created_at, "by": "dev"}
        return {target.pk: {"last_release": last} for target in targets}

    def card(user: User, service: Service) -> slots.Slot:
        return slots.Slot("test-card", "A card from above", "services/where.html", {})

    row_extras.append(extras)
    slots.service_page.append(card)
    yield
    row_extras.remove(extras)
    slots.service_page.remove(card)


def test_upper_rooms_add_to_rows_and_page(web_client: Web, developer: User, in_prod: Target, upper_room: None) -> None:
    page = shown(web_client(developer))
    assert "A card from above" in page
    assert 'href="/releases/1/"' in page


def test_changes_of_a_workload_are_announced_together(valkey: Redis, in_prod: Target) -> None:
    heard: list[bytes] = []
    objects = [Changed(kind, "prod", name) for kind, name in (("Deployment", "checkout"), ("Pod", "checkout-1"))]
    with valkey.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(channel())
        until(lambda: valkey.pubsub_numsub(channel())[0][1])
        for _batch in range(2):
            objects_changed.send(None, cluster_id=in_prod.cluster_id, objects=objects)

        def has_heard_of_the_list() -> bool:
            if said := listener.get_message(timeout=0.1):
                heard.append(said["data"])
            return bool(heard)

        until(has_heard_of_the_list)
        assert listener.get_message(timeout=0.5) is None
    assert heard == [b"service:checkout services"]


def test_only_members_may_listen(developer: User, stranger: User, checkout: Service) -> None:
    assert may_see_service(developer, "service:checkout")
    assert not may_see_service(stranger, "service:checkout")
    assert not may_see_service(developer, "service:nothing")
