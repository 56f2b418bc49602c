"""Promotion on the sandbox: from dev to staging to prod by what really runs, gates that hold and let go, and a system
whose services depend on one another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Team, User
from clusters.models import Cluster
from deployments.commands import override_window, rollback_release, start_promotion
from deployments.engine.workload import is_complete
from deployments.errors import ReleaseBlocked
from deployments.models import Promotion, Release
from deployments.promotion.choosing import bulk_plan
from deployments.tick import tick
from services.models import Service
from tests.conftest import until
from tests.factories.deployments import kinds_of
from tests.kubectl import Kubectl
from tests.scenarios.promotions import Stages, to_its_end, turn
from web.errors import NotPermitted

pytestmark = pytest.mark.slow

Play = Callable[..., Release]


@pytest.fixture
def stages(cluster: Cluster, kubectl: Kubectl, namespace: str, payments: Team, developer: User) -> Stages:
    return Stages(kubectl, cluster, namespace, payments, developer)


def test_from_dev_to_staging_to_prod_one_image_goes_all_the_way(stages: Stages, to_the_end: Play) -> None:
    web = stages.add("web", "1.0", "1.0", "1.0")
    stages.gate("staging", "dev")
    stages.gate("prod", "staging")
    first = to_the_end(stages.deploy(web, "dev", "1.1", version="spring"))

    to_staging = to_the_end(stages.promote(web, "dev", "staging"))
    to_prod = to_the_end(stages.promote(web, "staging", "prod"))

    assert [release.status for release in (first, to_staging, to_prod)] == ["succeeded"] * 3
    assert stages.image(web, "prod") == stages.image(web, "staging")
    assert stages.image(web, "prod").startswith("web:1.1")
    assert (to_staging.promoted_from, to_prod.promoted_from) == (first, to_staging)
    # The name that people gave the version goes with it.
    assert to_prod.version_label == "spring"


def test_what_was_not_in_staging_does_not_come_to_prod_however_it_is_asked_for(
    stages: Stages, to_the_end: Play, maintainer: User
) -> None:
    web = stages.add("web", "1.0", "1.0", "1.0")
    stages.gate("prod", "staging")

    with pytest.raises(ReleaseBlocked) as refused:
        stages.deploy(web, "prod", "1.1")

    (blocked,) = refused.value.fields["blocked_by"]
    assert (blocked["kind"], blocked["from"], blocked["reason"]) == ("promotion", "staging", "promotion_not_run")
    assert "maintainer may override it" in refused.value.detail
    with pytest.raises(NotPermitted):
        stages.deploy(web, "prod", "1.1", override="cards are refused")

    stages.developer = maintainer
    passed = to_the_end(stages.deploy(web, "prod", "1.1", override="cards are refused"))

    assert passed.status == "succeeded"
    assert passed.asks["override_promotion"]["reason"] == "cards are refused"
    assert "release.override" in kinds_of(passed)


def test_what_runs_already_needs_no_proof(stages: Stages, to_the_end: Play) -> None:
    web = stages.add("web", "1.0", "1.0", "1.0")
    stages.gate("prod", "staging", soak_seconds=3600)

    release = stages.deploy(web, "prod", "1.0", config={"web-prod": {"env": {"LEVEL": "debug"}}})

    assert to_the_end(release).status == "succeeded"


def test_the_soak_time_refuses_then_lets_go(stages: Stages, to_the_end: Play) -> None:
    web = stages.add("web", "1.0", "1.0")
    stages.gate("staging", "dev", soak_seconds=8)
    to_the_end(stages.deploy(web, "dev", "1.1"))
    with pytest.raises(ReleaseBlocked) as refused:
        stages.promote(web, "dev", "staging")
    assert refused.value.fields["blocked_by"][0]["until"]

    def lets_go() -> bool:
        try:
            return bool(stages.promote(web, "dev", "staging"))
        except ReleaseBlocked:
            return False

    until(lets_go, seconds=30)
    assert to_the_end(Release.objects.get(target=stages.target(web, "staging"))).status == "succeeded"


def test_one_that_waits_begins_by_itself_when_the_soak_time_is_over(stages: Stages, to_the_end: Play) -> None:
    web = stages.add("web", "1.0", "1.0")
    stages.gate("staging", "dev", soak_seconds=6)
    first = to_the_end(stages.deploy(web, "dev", "1.1"))

    release = stages.promote(web, "dev", "staging", wait=True)
    tick(release.pk)
    release.refresh_from_db()

    assert (release.status, release.phase, release.reason) == ("waiting", "Gated", "PromotionGate")
    assert first.finished_at is not None and release.wake_at is not None
    assert abs(release.wake_at - (first.finished_at + timedelta(seconds=6))) < timedelta(seconds=1)
    assert stages.image(web, "staging") == "web:1.0"
    assert to_the_end(release).status == "succeeded"
    assert kinds_of(release).count("promotion.hold") == kinds_of(release).count("promotion.open") == 1


def test_a_rollback_below_shuts_the_gate_of_a_release_that_waits(
    stages: Stages, to_the_end: Play, maintainer: User
) -> None:
    web = stages.add("web", "1.0", "1.0")
    stages.gate("staging", "dev", soak_seconds=600)
    to_the_end(stages.deploy(web, "dev", "1.1"))
    release = stages.promote(web, "dev", "staging", wait=True)
    to_the_end(rollback_release(stages.developer, service=web, environment=stages["dev"]))

    tick(release.pk)
    release.refresh_from_db()

    assert (release.status, release.reason) == ("waiting", "PromotionGate")
    assert "rolled back in dev" in release.message
    with pytest.raises(NotPermitted):
        override_window(release, by=stages.developer, reason="it was not the image")
    for _ in range(2):
        override_window(release, by=maintainer, reason="it was not the image")
    assert to_the_end(release).status == "succeeded"
    assert kinds_of(release).count("release.override") == 1


def test_a_rollback_above_is_free(stages: Stages, to_the_end: Play) -> None:
    web = stages.add("web", "1.0", "1.0")
    to_the_end(stages.deploy(web, "staging", "1.1"))
    stages.gate("staging", "dev", soak_seconds=3600)

    back = rollback_release(stages.developer, service=web, environment=stages["staging"])

    assert to_the_end(back).status == "succeeded"
    assert stages.image(web, "staging") == "web:1.0"


def system(stages: Stages, *, middle: str = "2.0") -> list[Service]:
    """stock, cart, web: each needs the one before. 2.0 runs in dev, 1.0 in staging."""
    return [
        stages.add("stock", "2.0", "1.0", system="till"),
        stages.add("cart", middle, "1.0", system="till", depends_on=["stock"]),
        stages.add("web", "2.0", "1.0", system="till", depends_on=["cart"]),
    ]


def begun(stages: Stages, services: list[Service], **wish: Any) -> Promotion:
    return start_promotion(
        stages.developer, services=services, origin=stages["dev"], to=stages["staging"], system="till", **wish
    )


def test_a_system_goes_in_waves_what_others_need_first(stages: Stages) -> None:
    services = system(stages)
    promotion = begun(stages, services)

    ended: list[str] = []

    def going() -> bool:
        turn(promotion)
        for release in promotion.releases.select_related("target__service").order_by("created_at"):
            name = release.target.service.name
            # A wave begins only when the one before has succeeded.
            if release.ended and name not in ended:
                ended.append(name)
            assert len(promotion.releases.all()) <= len(ended) + 1
        return promotion.has_ended

    until(going, seconds=120)
    assert (promotion.state, ended) == ("succeeded", ["stock", "cart", "web"])
    assert [stages.image(service, "staging").split("@")[0] for service in services] == [
        "stock:2.0", "cart:2.0", "web:2.0",
    ]  # fmt: skip
    stages.watch()
    again = bulk_plan(stages.developer, services, stages["dev"], stages["staging"])
    assert [one.state for one in again.candidates] == ["level"] * 3


def test_one_that_fails_stops_what_comes_after_and_is_named(stages: Stages) -> None:
    stock, cart, web = system(stages)
    strategy = {"type": "rolling", "progress_deadline_seconds": 10}
    cart.targets.filter(environment=stages["staging"]).update(strategy=strategy)
    spoilt = stages.target(cart, "staging")
    # In staging every pod of cart stays unready, whatever its image.
    template = {"metadata": {"annotations": {"sandbox.slipway.dev/behaviour": "unready"}}}
    stages.kubectl.patch(stages.path(spoilt.workload), {"spec": {"template": template}})
    until(lambda: not is_complete(stages.live(spoilt)))
    stages.kubectl.patch(stages.path(spoilt.workload), {"spec": {"replicas": 0}})
    until(lambda: is_complete(stages.live(spoilt)), seconds=60)
    stages.kubectl.patch(stages.path(spoilt.workload), {"spec": {"replicas": 1}})

    promotion = to_its_end(begun(stages, [stock, cart, web]))

    states = dict(promotion.items.values_list("service__name", "state"))
    assert promotion.state == "failed"
    assert states == {"stock": "succeeded", "cart": "failed", "web": "stopped"}
    assert "cart did not succeed" in promotion.problem
    assert stages.image(web, "staging") == "web:1.0"


def test_what_has_changed_since_it_was_looked_at_is_not_brought(stages: Stages, to_the_end: Play) -> None:
    services = system(stages)
    promotion = begun(stages, services)
    to_the_end(stages.deploy(services[0], "dev", "2.1"))

    to_its_end(promotion)

    assert promotion.state == "failed"
    assert "no longer runs registry.shop.example/stock:2.0" in promotion.items.get(service=services[0]).why
    assert not promotion.releases.exists()


def test_rights_that_are_lost_meanwhile_are_lost_for_the_next_wave(stages: Stages) -> None:
    services = system(stages)
    promotion = begun(stages, services)
    until(lambda: bool(turn(promotion) and promotion.releases.filter(ended=True)), seconds=60)
    stages.developer.memberships.update(role="viewer")

    to_its_end(promotion)

    assert promotion.state == "failed"
    assert "release.start" in promotion.items.get(service=services[1]).why
    assert promotion.releases.count() == 1


def test_at_most_so_many_run_at_a_time(stages: Stages) -> None:
    services = [stages.add(f"web-{number}", "2.0", "1.0", system="till") for number in range(3)]
    promotion = begun(stages, services, max_parallel=2)

    def going() -> bool:
        turn(promotion)
        assert promotion.releases.filter(ended=False).count() <= 2
        return promotion.has_ended

    until(going, seconds=120)
    assert promotion.state == "succeeded"
