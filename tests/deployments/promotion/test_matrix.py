"""Which version runs where, what is ahead, and what keeps it from the next environment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from clusters.images_column import TOO_LONG, images_text
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.rows import Change, write
from tests.callers import ApiClient, PageClient
from tests.deployments.promotion.shop import Shop, failed, image, released
from tests.factories.deployments import new_release
from tests.factories.services import deployment_as_seen, seen_deployment

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def hops(api: ApiClient, **query: str) -> dict[str, list[dict[str, Any]]]:
    """By service: each hop to the next environment."""
    rows = api.get("/promotions/matrix/", query).json()["results"]
    return {row["service"]: [cell["next"] for cell in row["environments"] if cell["next"]] for row in rows}


def test_level_ahead_and_how_far(api: Api, developer: User, shop: Shop) -> None:
    checkout = shop.service("checkout", "1.9.0", "1.7.0", "1.7.0")
    for version in ("1.7.0", "1.8.0", "1.9.0"):
        released(shop.target(checkout, shop.dev), version)

    to_staging, to_prod = hops(api(developer))["checkout"]

    assert (to_staging["state"], to_staging["releases"], to_staging["why_not"]) == ("ahead", 2, "")
    assert to_staging["what"] == "Promote 1.9.0 to staging"
    assert (to_prod["state"], to_prod["releases"]) == ("level", 0)


def test_a_digest_and_a_tag_of_one_image_are_level(api: Api, developer: User, shop: Shop) -> None:
    checkout = shop.service("checkout", "1.9.0", "1.9.0")
    seen_deployment_by_digest = f"{image('1.9.0')}@sha256:{'a' * 64}"
    target = shop.target(checkout, shop.staging)
    shop.cluster.observations.filter(kind="Deployment", namespace="staging").delete()
    seen_deployment(target, seen_deployment_by_digest)

    cells = api(developer).get("/promotions/matrix/").json()["results"][0]["environments"]

    assert cells[0]["next"]["state"] == "level"
    assert cells[1]["digest"] == "a" * 12


def test_the_next_one_may_have_moved_on_or_be_of_another_line(api: Api, developer: User, shop: Shop) -> None:
    cart = shop.service("cart", "1.7.0", "1.8.0", "9.9.9")
    released(shop.target(cart, shop.staging), "1.7.0")
    released(shop.target(cart, shop.staging), "1.8.0")

    assert [hop["state"] for hop in hops(api(developer))["cart"]] == ["behind", "unlike"]


def test_a_hop_skips_where_it_does_not_run(api: Api, developer: User, shop: Shop) -> None:
    shop.service("checkout", "1.9.0", "", "1.7.0")

    (hop,) = hops(api(developer))["checkout"]

    assert hop["to"] == "prod"


def test_each_thing_that_keeps_it_is_named(api: Api, developer: User, viewer: User, shop: Shop) -> None:
    checkout = shop.service("checkout", "1.9.0", "1.7.0", "1.7.0")
    dev, staging = shop.target(checkout, shop.dev), shop.target(checkout, shop.staging)
    assert hops(api(viewer))["checkout"][0]["gate"] == "permission"

    shop.gate(shop.staging, "dev", soak_seconds=3600)
    assert hops(api(developer))["checkout"][0]["gate"] == "promotion"
    released(dev, "1.9.0", ago=60)
    soaking = hops(api(developer))["checkout"][0]
    assert soaking["until"] and "has to run in dev until" in soaking["why_not"]

    now = timezone.now()
    window = {"starts": (now - timedelta(hours=1)).isoformat(), "ends": (now + timedelta(hours=1)).isoformat()}
    shop.staging.freeze_windows = [{"name": "new year", "mode": "block", **window}]
    shop.staging.save()
    assert hops(api(developer))["checkout"][0]["gate"] == "freeze_window"

    new_release(staging, "1.8.0")
    busy = hops(api(developer))["checkout"][0]
    assert (busy["gate"], busy["why_not"]) == ("release", "Release #1 in staging is under way.")


def test_without_a_grant_there_is_no_promotion(api: Api, developer: User, shop: Shop) -> None:
    shop.service("checkout", "1.9.0", "1.7.0")
    shop.cluster.grants.all().delete()

    assert hops(api(developer))["checkout"][0]["gate"] == "grant"


def test_only_what_is_ahead(api: Api, developer: User, shop: Shop) -> None:
    shop.service("level", "1.0.0", "1.0.0", "1.0.0")
    shop.service("ahead", "1.1.0", "1.0.0", "1.0.0", system="till")
    shop.service("late", "1.1.0", "1.1.0", "1.0.0")
    shop.service("unseen", "1.0.0", "1.0.0")
    shop.cluster.observations.filter(name="unseen").delete()

    assert sorted(hops(api(developer), ahead="true")) == ["ahead", "late"]
    assert sorted(hops(api(developer), ahead="true", system="till")) == ["ahead"]
    assert sorted(hops(api(developer), search="lev")) == ["level"]


def test_a_deployment_with_more_images_than_a_column_holds_is_compared_all_the_same(
    api: Api, developer: User, shop: Shop
) -> None:
    shop.service("level", "1.0.0", "1.0.0")
    shop.service("ahead", "1.1.0", "1.0.0")
    for seen in shop.cluster.observations.filter(kind="Deployment"):
        sidecars = {f"sidecar-{number}": image(f"{number}") for number in range(60)}
        seen.slim["images"] |= sidecars
        seen.images = images_text(seen.slim)
        assert seen.images == TOO_LONG
        seen.save()

    assert sorted(hops(api(developer), ahead="true")) == ["ahead"]


def test_only_the_image_of_the_service_counts_not_that_of_a_sidecar(api: Api, developer: User, shop: Shop) -> None:
    shop.service("checkout", "1.0.0", "1.0.0")
    seen = shop.cluster.observations.get(kind="Deployment", namespace="dev")
    seen.slim["images"]["proxy"] = "registry.example/proxy:2"
    seen.images = images_text(seen.slim)
    seen.save()

    assert hops(api(developer), ahead="true") == {}


def test_what_the_watcher_saw_last_counts_at_once(api: Api, developer: User, shop: Shop) -> None:
    checkout = shop.service("checkout", "1.1.0", "1.0.0")
    assert sorted(hops(api(developer), ahead="true")) == ["checkout"]

    seen = see(BY_NAME["Deployment"], deployment_as_seen("checkout", "staging", image("1.1.0"), container="checkout"))
    assert seen is not None
    write(shop.target(checkout, shop.staging).cluster_id, [Change(seen)])

    assert hops(api(developer), ahead="true") == {}


def test_another_team_sees_nothing(api: Api, stranger: User, shop: Shop) -> None:
    shop.service("checkout", "1.9.0", "1.7.0")

    assert hops(api(stranger)) == {}


def test_unknown_parameters_are_refused(api: Api, developer: User) -> None:
    assert api(developer).get("/promotions/matrix/", {"sytem": "till"}).status_code == 400


def test_the_page_says_what_a_button_would_do_and_why_another_is_shut(
    web_client: Web, developer: User, shop: Shop
) -> None:
    checkout = shop.service("checkout", "1.9.0", "1.7.0", "1.6.0", system="till")
    shop.staging.strategy = {"type": "canary", "steps": [{"set_weight": 10}, {"pause": {}}]}
    shop.staging.save()
    failed(shop.target(checkout, shop.prod), "1.7.0")
    shop.gate(shop.prod, "staging")

    page = web_client(developer).get("/promotions/")

    assert "Promote 1.9.0 to staging, 10 % first" in page.content.decode()
    assert "1.7.0 has to run in staging before prod, and has not been there" in page.content.decode()
    assert "?service=checkout&amp;origin=dev&amp;to=staging" in page.content.decode()


@pytest.mark.parametrize("query", ["", "?ahead=on"])
@pytest.mark.parametrize("count", [2, 12])
def test_its_queries_do_not_grow(
    client: Any, developer: User, shop: Shop, count: int, query: str, django_assert_max_num_queries: Any
) -> None:
    shop.gate(shop.prod, "staging", soak_seconds=60)
    for number in range(count):
        service = shop.service(f"web-{number}", "1.9.0", "1.8.0", "1.7.0")
        released(shop.target(service, shop.dev), "1.9.0")
        released(shop.target(service, shop.staging), "1.8.0")
    client.force_login(developer, "django.contrib.auth.backends.ModelBackend")

    with django_assert_max_num_queries(12):
        page = client.get(f"/promotions/{query}")
    assert len(page.context["rows"]) == count
