"""One pass over a promotion, beside other passes and people; the start of a single release is played."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from deployments.errors import ReleaseBlocked
from deployments.models import Promotion, PromotionItem, Release
from deployments.promotion import driving
from deployments.promotion.retrying import put_off
from deployments.promotion.serializers import promotion_facts
from deployments.queries.promotions import promotions_with_services
from services.models import Service
from tests.callers import ApiClient, PageClient
from tests.deployments.promotion.shop import Shop
from tests.factories.deployments import new_release
from tests.postgres import free_port

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


@pytest.fixture
def silent(shop: Shop) -> Cluster:
    """The cluster of the shop; nothing listens at its address."""
    values = {"api_url": f"https://127.0.0.1:{free_port()}", "allow_private_address": True}
    Cluster.objects.filter(pk=shop.cluster.pk).update(**values, version=2)
    return shop.cluster


def look(promotion: Promotion) -> dict[str, Any]:
    """One pass, as if all that waits for a moment were due; answers what the API says of the services."""
    Promotion.objects.update(due_at=promotion.created_at)
    promotion.items.filter(try_at__isnull=False).update(try_at=promotion.created_at)
    driving.advance(promotion.pk)
    promotion.refresh_from_db()
    seen = promotions_with_services(User.objects.get(username="dev")).get(pk=promotion.pk)
    return {row["service"]: row for row in promotion_facts(seen)["releases"]}


@pytest.mark.usefixtures("silent")
def test_a_cluster_that_does_not_answer_is_asked_again_and_nothing_is_given_up_yet(
    begun: Callable[..., Promotion], web_client: Callable[[User], PageClient], developer: User
) -> None:
    promotion = begun("cart")

    first = look(promotion)["cart"]
    second = look(promotion)["cart"]

    assert promotion.state == "running"
    assert (first["state"], first["attempts"], second["state"], second["attempts"]) == ("pending", 1, "pending", 2)
    assert second["next_attempt_at"] > first["next_attempt_at"]
    assert "Cluster shop cannot be asked" in second["why"] and "Tried 2 times" in second["why"]
    page = web_client(developer).get(promotion.get_absolute_url()).content.decode()
    assert "Cluster shop cannot be asked" in page and "Next attempt:" in page


@pytest.mark.usefixtures("silent")
def test_until_it_is_due_again_no_cluster_is_asked(begun: Callable[..., Promotion]) -> None:
    promotion = begun("cart")
    look(promotion)

    Promotion.objects.update(due_at=promotion.created_at)
    driving.advance(promotion.pk)

    assert promotion.items.get().attempts == 1


@pytest.mark.usefixtures("silent")
def test_after_ten_minutes_of_silence_the_service_has_failed_and_says_why(begun: Callable[..., Promotion]) -> None:
    promotion = begun("cart", "web")
    look(promotion)
    ten_minutes_ago = promotion.created_at - timedelta(minutes=10)
    promotion.items.filter(service__name="cart").update(unreachable_since=ten_minutes_ago, attempts=9)

    rows = look(promotion)
    look(promotion)

    assert (promotion.state, promotion.problem) == ("failed", "cart did not succeed.")
    assert rows["cart"]["state"] == "failed" and rows["cart"]["next_attempt_at"] is None
    assert "Cluster shop could not be asked" in rows["cart"]["why"]
    assert rows["cart"]["why"].endswith("Promote again once the cluster answers.")
    assert states(promotion) == {"cart": "failed", "web": "stopped"}


@pytest.mark.usefixtures("silent")
def test_time_in_which_nobody_tried_does_not_count_against_the_cluster(begun: Callable[..., Promotion]) -> None:
    promotion = begun("cart")
    look(promotion)
    promotion.items.update(unreachable_since=promotion.created_at - timedelta(hours=1))

    after_two = look(promotion)["cart"]
    promotion.items.update(try_at=None)
    after_three = look(promotion)["cart"]

    assert (after_two["state"], after_three["state"]) == ("pending", "failed")


def test_the_others_of_its_wave_go_on_and_it_begins_once_its_cluster_answers(
    begun: Callable[..., Promotion], plays: Plays
) -> None:
    is_silent = True

    def start(service: Service, promotion: Promotion) -> None:
        if service.name == "cart" and is_silent:
            raise ReleaseBlocked("It cannot be asked.") from ClusterUnreachable("shop", "no connection")
        release_of(service, promotion)

    promotion = begun("cart", "web")
    plays(start)

    assert {name: row["state"] for name, row in look(promotion).items()} == {"cart": "pending", "web": "started"}
    is_silent = False
    cart = look(promotion)["cart"]
    assert (cart["state"], cart["why"], cart["attempts"], cart["next_attempt_at"]) == ("started", "", 1, None)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ClusterUnreachable("shop", "no credentials are stored for it", step="policy"), "failed"),
        (ApiRefused(403, "Forbidden", "deployments is forbidden", cluster="shop"), "failed"),
        (ApiRefused(500, "InternalError", "it broke", cluster="shop"), "failed"),
        (ApiRefused(429, "TooManyRequests", "too many requests", cluster="shop"), "pending"),
        (ApiRefused(503, "ServiceUnavailable", "not ready", cluster="shop"), "pending"),
        (ApiRefused(504, "NotKubernetes", "the balancer waited in vain", cluster="shop"), "pending"),
    ],
)
def test_it_is_asked_again_where_waiting_helps_and_has_failed_at_once_where_it_does_not(
    begun: Callable[..., Promotion], plays: Plays, error: Exception, state: str
) -> None:
    def start(_service: Service, _promotion: Promotion) -> None:
        raise error

    promotion = begun("cart")
    plays(start)

    assert look(promotion)["cart"]["state"] == state


@pytest.mark.usefixtures("silent")
def test_a_promotion_that_waits_for_a_cluster_can_be_stopped(
    begun: Callable[..., Promotion], api: Api, developer: User
) -> None:
    promotion = begun("cart")
    look(promotion)

    assert api(developer).post(f"/promotions/{promotion.pk}/abort/", {}).status_code == 202
    look(promotion)

    assert (promotion.state, states(promotion)) == ("aborted", {"cart": "stopped"})


def test_it_is_tried_ever_more_seldom_and_for_the_last_time_at_the_end() -> None:
    item, now, waits = PromotionItem(), datetime(2026, 1, 1, tzinfo=UTC), []
    while put_off(item, ClusterUnreachable("shop", "no connection"), now):
        assert item.try_at is not None
        waits.append((item.try_at - now).total_seconds())
        now = item.try_at

    assert waits[:6] == [5, 10, 20, 40, 60, 60]
    assert sum(waits) == 600
    assert "in 10 minutes" in item.why


def test_what_it_says_of_the_time_counts_a_while_in_which_slipway_itself_did_not_run() -> None:
    item, now = PromotionItem(), datetime(2026, 1, 1, tzinfo=UTC)
    for _attempt in range(2):
        assert put_off(item, ClusterUnreachable("shop", "no connection"), now)

    assert not put_off(item, ClusterUnreachable("shop", "no connection"), now + timedelta(hours=2))

    assert "Given up after 3 attempts in 120 minutes" in item.why
