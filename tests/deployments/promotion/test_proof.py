"""What counts as proof in the lower environment, and what speaks against an image there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments.engine.seen import Unproven
from deployments.promotion.images import same_image
from deployments.promotion.proof import proven_by_name_only, unproven
from deployments.promotion.ran import ran_on
from services.models import Target
from tests.deployments.promotion.shop import Shop, failed, image, released, revision
from tests.factories.deployments import new_release

DIGEST, OTHER = "@sha256:" + "a" * 64, "@sha256:" + "b" * 64
RULE = {"from": "dev", "soak_seconds": 0, "require_success": True, "require_same_image": True}
HOUR = {**RULE, "soak_seconds": 3600}


@pytest.fixture
def lower(shop: Shop) -> Target:
    """Where `checkout` runs in dev."""
    return shop.target(shop.service("checkout", "1.7.3", "1.7.2"), shop.dev)


def asked(rule: dict[str, Any], lower: Target | None, version: str = "1.8.0") -> Unproven | None:
    ran = ran_on([lower.pk])[lower.pk] if lower else None
    names = {"service": "checkout", "environment": "staging"}
    return unproven(rule, [image(version)], ran, timezone.now(), names)


def code(held: Unproven | None) -> str:
    return held.code.removeprefix("promotion_") if held else ""


def test_what_was_released_there_may_go_on(lower: Target) -> None:
    released(lower, "1.8.0")

    assert asked(RULE, lower) is None


def test_what_was_never_there_may_not(lower: Target) -> None:
    released(lower, "1.7.9")

    assert code(asked(RULE, lower)) == "not_run"
    assert code(asked(RULE, None)) == "no_target"


def test_an_older_version_that_a_newer_one_has_replaced_has_proved_itself(lower: Target) -> None:
    released(lower, "1.8.0", ago=9000)
    released(lower, "1.9.0", ago=100)

    assert asked(HOUR, lower) is None


def test_one_that_was_replaced_too_early_has_not_and_never_will(lower: Target) -> None:
    released(lower, "1.8.0", ago=9000)
    released(lower, "1.9.0", ago=8000)

    held = asked(HOUR, lower)

    assert (code(held), held and held.until, held and held.params["ran"]) == ("too_short", None, 1000)


def test_one_that_soaks_opens_by_itself(lower: Target) -> None:
    since = released(lower, "1.8.0", ago=3000)
    since.refresh_from_db()

    held = asked(HOUR, lower)

    assert code(held) == "soaking"
    assert held and held.until == since.finished_at + timedelta(hours=1)


def test_a_rollback_speaks_against_what_it_replaced(lower: Target) -> None:
    released(lower, "1.7.3", ago=9000)
    released(lower, "1.8.0", ago=8000)
    released(lower, "1.7.3", ago=100, rollback=True)

    assert code(asked(HOUR, lower)) == "rolled_back"
    assert asked(RULE, lower, "1.7.3") is None


def test_a_rollback_that_is_under_way_does_too(lower: Target) -> None:
    first = released(lower, "1.7.3", ago=9000)
    released(lower, "1.8.0", ago=8000)
    new_release(lower, "1.7.3", rollback_to=first)

    assert code(asked(RULE, lower)) == "rolling_back"


@pytest.mark.parametrize("phase", ["Failed", "Aborted"])
def test_a_later_failure_of_the_same_image_counts_until_it_succeeds_again(lower: Target, phase: str) -> None:
    released(lower, "1.8.0", ago=9000)
    failed(lower, "1.8.0", ago=600, phase=phase)
    assert code(asked(RULE, lower)) == "failed"

    released(lower, "1.8.0", ago=300)

    assert asked(RULE, lower) is None
    assert code(asked(HOUR, lower)) == "soaking"


def test_a_failure_of_another_image_says_nothing_of_this_one(lower: Target) -> None:
    released(lower, "1.8.0", ago=9000)
    failed(lower, "1.9.0", ago=600)

    assert asked(HOUR, lower) is None


def test_one_that_failed_or_is_being_tried_is_told_as_such(lower: Target) -> None:
    released(lower, "1.7.3", ago=9000)
    failed(lower, "1.8.0", ago=600)
    assert code(asked(RULE, lower)) == "failed"

    new_release(lower, "1.8.0")

    assert code(asked(RULE, lower)) == "under_way"


def test_what_was_found_there_counts_only_where_no_success_is_asked_for(lower: Target) -> None:
    revision(lower, "1.8.0", timezone.now() - timedelta(hours=2))

    assert code(asked(RULE, lower)) == "not_released"
    assert asked({**HOUR, "require_success": False}, lower) is None


def test_what_was_only_seen_there_runs_since_nobody_knows_when(lower: Target) -> None:
    ran = ran_on([lower.pk])[lower.pk].with_seen({"checkout": image("1.8.0")})
    loose = {**RULE, "require_success": False}
    names = {"service": "checkout", "environment": "staging"}

    assert unproven(loose, [image("1.8.0")], ran, timezone.now(), names) is None
    held = unproven({**loose, "soak_seconds": 60}, [image("1.8.0")], ran, timezone.now(), names)
    assert code(held) == "unknown_since"


def test_without_the_same_image_the_newest_release_there_has_to_have_gone_well(lower: Target) -> None:
    loose = {**HOUR, "require_same_image": False}
    released(lower, "build-17", ago=9000)
    assert asked(loose, lower) is None

    failed(lower, "build-18", ago=60)

    assert code(asked(loose, lower)) == "failed"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("r.example/a:1", "r.example/a:1", True),
        ("r.example/a:1", f"r.example/a:1{DIGEST}", True),
        (f"r.example/a:1{DIGEST}", f"mirror.example/a:2{DIGEST}", True),
        (f"r.example/a:1{DIGEST}", f"r.example/a:1{OTHER}", False),
        ("r.example/a:1", "r.example/a:2", False),
        ("r.example/a:1", "r.example/b:1", False),
        (f"r.example/a{DIGEST}", "r.example/a:1", False),
        ("r.example/a", "r.example/a:latest", False),
        ("no image", "no image", True),
    ],
)
def test_when_two_references_mean_one_image(one: str, other: str, same: bool) -> None:
    assert same_image(one, other) is same


def test_a_tag_that_may_have_moved_is_told(lower: Target) -> None:
    released(lower, "1.8.0")
    ran = ran_on([lower.pk])[lower.pk]

    assert proven_by_name_only(RULE, [f"{image('1.8.0')}{DIGEST}"], ran) == [f"{image('1.8.0')}{DIGEST}"]
    assert proven_by_name_only(RULE, [], ran) == []


def test_how_far_back_is_looked_costs_two_queries(shop: Shop, lower: Target, django_assert_num_queries: Any) -> None:
    others = [shop.target(shop.service(f"web-{number}", "1.7.3"), shop.dev) for number in range(5)]
    for target in (lower, *others):
        for number in range(3):
            released(target, f"1.{number}.0", ago=100 - number)

    with django_assert_num_queries(2):
        found = ran_on([target.pk for target in (lower, *others)])

    assert [run.number for run in found[lower.pk].runs][:3] == sorted(
        (run.number for run in found[lower.pk].runs), reverse=True
    )[:3]
