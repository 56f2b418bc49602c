"""A token for some services promotes these, passes their gates and stops their promotions, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from deployments.models import Promotion
from tests.callers import ApiClient
from tests.deployments.promotion.shop import Shop
from tests.deployments.test_narrowed_token import narrowed

TILL = {"system": "till", "from": "dev", "to": "staging"}


@pytest.fixture(autouse=True)
def till(valkey: object, shop: Shop) -> Shop:
    """System till of cart and web, which are ahead in dev."""
    shop.service("cart", "2.0", "1.0", system="till")
    shop.service("web", "2.0", "1.0", system="till")
    return shop


def test_it_promotes_what_it_is_for(developer: User) -> None:
    answer = narrowed(developer, services=["web"]).post("/promotions/", TILL)

    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert [one["service"] for one in body["releases"]] == ["web"]
    assert [(one["service"], "is only for" in one["why"]) for one in body["skipped"]] == [("cart", True)]


def test_it_promotes_nothing_else(developer: User) -> None:
    answer = narrowed(developer, services=["stock"]).post("/promotions/", TILL)

    assert (answer.status_code, "is only for" in answer.json()["detail"]) == (403, True)
    assert not Promotion.objects.exists()


def test_it_passes_the_gates_of_what_it_is_for(maintainer: User, till: Shop) -> None:
    till.gate(till.staging, "dev")
    inside = narrowed(maintainer, services=["web"], environments=["staging"], teams=["payments"])

    answer = inside.post("/promotions/", {**TILL, "override": "cards are refused"})

    assert answer.status_code == 202, answer.content
    assert [one["service"] for one in answer.json()["releases"]] == ["web"]


def test_it_stops_only_what_it_reaches_as_a_whole(api: Callable[..., ApiClient], developer: User) -> None:
    made = api(developer).post("/promotions/", TILL).json()["promotion"]

    assert narrowed(developer, services=["web"]).post(f"/promotions/{made}/abort/", {}).status_code == 403
    assert narrowed(developer, services=["cart", "web"]).post(f"/promotions/{made}/abort/", {}).status_code == 202
