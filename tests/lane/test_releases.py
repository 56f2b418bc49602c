"""Releases by Slipway while users ask: no request fails, and a weight is the share that users see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployments.commands import abort_release, promote_release
from deployments.models import Release
from deployments.tick import tick
from sandbox.lane.load import Counts, Load
from tests.conftest import until
from tests.kubectl import Kubectl
from tests.lane.web import Web, assert_share
from tests.scenarios.conftest import Workload

pytestmark = pytest.mark.sandbox

Play = Callable[..., Release]
REQUESTS = 2000
# Above the two seconds in which the router takes up what it has accepted.
SETTLE_SECONDS = 3
CANARY = {
    "type": "canary",
    "traffic": "gateway_api",
    "route_settle_seconds": SETTLE_SECONDS,
    "abort_scale_down_delay_seconds": SETTLE_SECONDS,
    "steps": [{"set_weight": 20}, {"pause": {}}, {"set_weight": 50}, {"pause": {}}],
}
BLUE_GREEN = {
    "type": "blue_green",
    "scale_down_delay_seconds": 20,
    "abort_scale_down_delay_seconds": SETTLE_SECONDS,
}


def until_paused(release: Release, step: int | None = None, *, seconds: float = 120) -> None:
    """Tick until it waits for a person (at that step)."""

    def there() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        assert not release.ended, (release.status, release.reason, release.message)
        return release.status == "paused" and step in (None, release.state["step"])

    until(there, seconds=seconds)


def until_only(load: Load, version: str, release: Release, *, seconds: float = 60) -> Counts:
    """Tick until this version alone answers; what was counted on the way."""
    total = Counts()

    def is_alone() -> bool:
        tick(release.pk)
        counts = load.at_least(50)
        total.by_version.update(counts.by_version)
        total.failures.extend(counts.failures)
        return set(counts.by_version) == {version}

    until(is_alone, seconds=seconds)
    return total


def test_a_canary_gets_the_share_that_was_asked_for_and_no_request_fails_to_its_end(
    hasty: Web, released: Workload, to_the_end: Play
) -> None:
    with hasty.load(per_second=250) as load:
        release = released.deploy("2.0", strategy=CANARY)
        until_paused(release, 1)
        on_the_way = load.take()
        at_20 = load.at_least(REQUESTS)
        promote_release(release, by=released.developer)
        until_paused(release, 3)
        to_50 = load.take()
        at_50 = load.at_least(REQUESTS)
        promote_release(release, by=released.developer)
        release = to_the_end(release, seconds=180)
        taking_over = load.take()
        after = load.at_least(200)

    assert release.status == "succeeded", release.message
    assert_share(at_20, "2.0", 20)
    assert_share(at_50, "2.0", 50)
    assert set(after.by_version) == {"2.0"}
    assert [one.failures for one in (on_the_way, at_20, to_50, at_50, taking_over, after)] == [[]] * 6


def test_an_abort_at_half_gives_all_requests_back_and_none_fails(
    hasty: Web, released: Workload, to_the_end: Play
) -> None:
    half = {**CANARY, "steps": [{"set_weight": 50}, {"pause": {}}]}
    with hasty.load() as load:
        release = released.deploy("2.0", strategy=half)
        until_paused(release)
        assert load.at_least(200).by_version["2.0"] > 0
        abort_release(release, by=released.developer)
        release = to_the_end(release, seconds=120)
        on_the_way = load.take()
        after = load.at_least(200)

    assert release.status == "aborted", release.message
    assert set(after.by_version) == {"1.0"}
    assert [on_the_way.failures, after.failures] == [[], []]


def test_a_blue_green_switch_loses_no_request(hasty: Web, released: Workload, to_the_end: Play) -> None:
    with hasty.load() as load:
        release = released.deploy("2.0", strategy=BLUE_GREEN)
        until_paused(release)
        before = load.take()
        assert set(before.by_version) == {"1.0"}, "the preview gets no user's request"
        promote_release(release, by=released.developer)
        switched = until_only(load, "2.0", release)
        release = to_the_end(release, seconds=120)
        after = load.take()

    assert release.status == "succeeded", release.message
    assert set(after.by_version) == {"2.0"}
    assert [before.failures, switched.failures, after.failures] == [[], [], []]


def test_the_way_back_after_a_switch_loses_no_request(hasty: Web, released: Workload, to_the_end: Play) -> None:
    with hasty.load() as load:
        release = released.deploy("2.0", strategy={**BLUE_GREEN, "scale_down_delay_seconds": 120})
        until_paused(release)
        promote_release(release, by=released.developer)
        there = until_only(load, "2.0", release)
        abort_release(release, by=released.developer)
        back = until_only(load, "1.0", release)
        release = to_the_end(release, seconds=120)
        after = load.take()

    assert release.status == "aborted", release.message
    assert set(after.by_version) == {"1.0"}
    assert [there.failures, back.failures, after.failures] == [[], [], []]


def test_a_rolling_release_and_its_rollback_lose_no_request_where_pods_wait_before_they_end(
    web: Web, released: Workload, to_the_end: Play
) -> None:
    with web.load() as load:
        for version in ("2.0", "1.0"):
            release = to_the_end(released.deploy(version), seconds=120)
            assert release.status == "succeeded", release.message
            until_only(load, version, release)
        counts = load.take()

    assert counts.failures == []


def test_a_visitor_stays_with_the_version_that_answered_first(
    kubectl: Kubectl, namespace: str, released: Workload, to_the_end: Play
) -> None:
    # Traefik 3.6 passes over the filters of a backendRef, by which Slipway has the router set the cookie: here the
    # Pods set it. That the matches for it stand first, for both versions and through every weight, is the router's.
    web = Web(kubectl, namespace)
    web.begin(pre_stop_seconds=0, session_cookie="release")
    sticky = {
        **CANARY,
        "sticky": {"cookie": "release", "seconds": 600},
        "steps": [{"set_weight": 30}, {"pause": {}}, {"set_weight": 60}, {"pause": {}}],
    }
    release = released.deploy("2.0", strategy=sticky)
    until_paused(release, 1)
    first = [web.visit({}, 5) for _ in range(30)]
    promote_release(release, by=released.developer)
    until_paused(release, 3)

    for visits in first:
        versions = {version for version, _ in visits}
        again = {version for version, _ in web.visit(visits[-1][1], 5)}
        assert len(versions) == 1, "a visitor changed versions within one weight"
        assert again == versions, "a visitor changed versions when the weight rose"
    assert {version for visits in first for version, _ in visits} == {"1.0", "2.0"}
    release.refresh_from_db()
    promote_release(release, by=released.developer)
    assert to_the_end(release, seconds=120).status == "succeeded"
