"""Stopping a promotion: what has not begun never does; who may; idempotent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Promotion
from deployments.promotion.driving import advance
from tests.callers import ApiClient, PageClient
from tests.deployments.promotion.shop import Shop

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture
def promotion(api: Api, developer: User, shop: Shop) -> Promotion:
    """Of cart and web, asked for by `dev`; nothing of it has begun."""
    shop.service("web", "2.0", "1.0", system="till")
    shop.service("cart", "2.0", "1.0", system="till")
    api(developer).post("/promotions/", {"system": "till", "from": "dev", "to": "staging"})
    return Promotion.objects.get()


def test_nothing_more_begins(api: Api, developer: User, promotion: Promotion) -> None:
    for _ in range(2):
        answer = api(developer).post(f"/promotions/{promotion.pk}/abort/", {"reason": "wrong day"})
        assert answer.status_code == 202, answer.content

    advance(promotion.pk)

    promotion.refresh_from_db()
    assert promotion.state == "aborted"
    assert set(promotion.items.values_list("state", flat=True)) == {"stopped"}
    assert [(entry.actor, entry.data["reason"]) for entry in Entry.objects.filter(action="promotion.abort")] == [
        ("dev", "wrong day")
    ]
    assert api(developer).post(f"/promotions/{promotion.pk}/abort/", {}).status_code == 409


def test_who_may(api: Api, viewer: User, maintainer: User, promotion: Promotion) -> None:
    assert api(viewer).post(f"/promotions/{promotion.pk}/abort/", {}).status_code == 403
    assert api(maintainer).post(f"/promotions/{promotion.pk}/abort/", {}).status_code == 202


def test_by_page(web_client: Web, developer: User, viewer: User, promotion: Promotion) -> None:
    seen = web_client(viewer).get(promotion.get_absolute_url()).content.decode()
    assert "You lack promotion.abort" in seen

    answer = web_client(developer).post(f"{promotion.get_absolute_url()}abort/")

    assert (answer.status_code, answer["Location"]) == (303, promotion.get_absolute_url())
    assert "Nothing more begins." in web_client(developer).get(promotion.get_absolute_url()).content.decode()
