"""One pass over a promotion, beside other passes and people; the start of a single release is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from deployments.errors import ReleaseBlocked
from deployments.models import Promotion, Release
from deployments.promotion import driving
from services.models import Service
from tests.callers import ApiClient
from tests.deployments.promotion.shop import Shop
from tests.factories.deployments import new_release

Api = Callable[..., ApiClient]
Plays = Callable[[Callable[[Service, Promotion], None]], list[str]]
TILL = {"system": "till", "from": "dev", "to": "staging"}


@pytest.fixture
def begun(api: Api, developer: User, shop: Shop) -> Callable[..., Promotion]:
    """`begun("cart", "web")`: a promotion of these to staging, of which nothing is done yet."""

    def make(*names: str) -> Promotion:
        for name in names:
            shop.service(name, "2.0", "1.0", system="till")
        made = api(developer).post("/promotions/", TILL, headers={"X-Request-Id": "asked-once"}).json()
        return Promotion.objects.get(pk=made["promotion"])

    return make


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> Plays:
    """`plays(start)`: what starts a release calls this instead; answers the names that it was called for."""

    def instead(start: Callable[[Service, Promotion], None]) -> list[str]:
        asked: list[str] = []

        def promote_service(_by: User, *, service: Service, promotion: Promotion, **_more: Any) -> None:
            asked.append(service.name)
            start(service, promotion)

        monkeypatch.setattr(driving, "promote_service", promote_service)
        return asked

    return instead


def states(promotion: Promotion) -> dict[str, str]:
    return dict(promotion.items.values_list("service__name", "state"))


def release_of(service: Service, promotion: Promotion) -> Release:
    return new_release(service.targets.get(environment=promotion.to), "2.0", promotion=promotion)


def test_a_pass_that_is_late_takes_what_the_next_one_began_for_no_failure(
    begun: Callable[..., Promotion], plays: Plays
) -> None:
    def after_another_took_over(service: Service, promotion: Promotion) -> None:
        Promotion.objects.filter(pk=promotion.pk).update(lease_owner="another")
        release_of(service, promotion)
        raise ReleaseBlocked("Another release is active.")

    promotion = begun("cart", "web")
    plays(after_another_took_over)

    driving.advance(promotion.pk)

    promotion.refresh_from_db()
    assert (promotion.state, promotion.lease_owner) == ("running", "another")
    assert states(promotion) == {"cart": "pending", "web": "pending"}


def test_a_refusal_in_time_is_a_failure_and_the_rest_never_begins(
    begun: Callable[..., Promotion], plays: Plays
) -> None:
    def refused(_service: Service, _promotion: Promotion) -> None:
        raise ReleaseBlocked("It is frozen.")

    promotion = begun("cart", "web")
    plays(refused)

    for _ in range(2):
        Promotion.objects.update(due_at=promotion.created_at)
        driving.advance(promotion.pk)

    promotion.refresh_from_db()
    assert promotion.state == "failed"
    assert states(promotion) == {"cart": "failed", "web": "stopped"}


def test_who_asks_to_stop_in_the_middle_of_a_wave_stops_the_rest_of_it(
    begun: Callable[..., Promotion], plays: Plays
) -> None:
    def while_somebody_stops_it(service: Service, promotion: Promotion) -> None:
        release_of(service, promotion)
        Promotion.objects.filter(pk=promotion.pk).update(abort_asked=True)

    promotion = begun("cart", "web")
    asked = plays(while_somebody_stops_it)

    driving.advance(promotion.pk)

    assert asked == ["cart"]
    assert states(promotion) == {"cart": "started", "web": "pending"}


def test_many_that_are_under_way_are_looked_at_by_as_many_questions(
    begun: Callable[..., Promotion], plays: Plays
) -> None:
    promotion = begun("cart", "stock", "web")

    def start(service: Service, promotion: Promotion) -> None:
        release_of(service, promotion)

    plays(start)
    driving.advance(promotion.pk)

    def asked() -> int:
        Promotion.objects.update(due_at=promotion.created_at)
        with CaptureQueriesContext(connection) as queries:
            driving.advance(promotion.pk)
        return len(queries)

    three = asked()
    promotion.items.exclude(service__name="cart").delete()
    assert asked() == three


def test_it_tells_why_a_release_of_it_stands(begun: Callable[..., Promotion], api: Api, developer: User) -> None:
    promotion = begun("cart", "web")
    release = release_of(Service.objects.get(name="cart"), promotion)
    Release.objects.filter(pk=release.pk).update(status="waiting", reason="ApprovalRequired")

    told = api(developer).get(f"/promotions/{promotion.pk}/").json()["releases"]

    found = {one["service"]: (one["status"], one["reason"]) for one in told}
    assert found == {"cart": ("waiting", "ApprovalRequired"), "web": (None, "")}
