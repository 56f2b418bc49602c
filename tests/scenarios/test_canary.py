"""The life of a canary by replicas on the sandbox's real controller manager (delivery.md, Objects and Canary)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from deployments.commands import (
    abort_release,
    pause_release,
    promote_release,
    resume_release,
    retry_release,
    rollback_release,
)
from deployments.errors import ReleaseBlocked, ReleaseInvalid
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import Workload
from tests.scenarios.in_place import (
    HALF,
    at_pause,
    is_as_before,
    pods_of,
    replica_sets,
    run_line,
    scaled,
    set_image,
    sizes,
    ticked,
)

pytestmark = pytest.mark.slow

Play = Callable[..., Release]


def test_the_pods_that_were_tested_are_the_pods_that_stay(web: Workload, to_the_end: Play) -> None:
    before = web.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    tested = pods_of(web, "1.1")
    assert len(tested) == len(pods_of(web, "1.0")) == 1

    promote_release(release, by=web.developer)
    release = to_the_end(release)

    assert (release.status, release.reason) == ("succeeded", ""), release.message
    until(web.ready)
    assert tested.items() <= pods_of(web, "1.1").items()
    is_as_before(web, before)
    kept = pods_of(web, "1.1")
    time.sleep(1)
    assert pods_of(web, "1.1") == kept, "rolled a second time"
    set_image(web, "1.2")


def test_an_abort_brings_all_old_pods_back_and_takes_the_new_replica_set_away(web: Workload, to_the_end: Play) -> None:
    before = web.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    old = pods_of(web, "1.0")

    abort_release(release, by=web.developer)
    release = to_the_end(release)

    assert (release.status, release.reason) == ("aborted", "AbortedByUser"), release.message
    until(web.ready)
    assert web.image() == "1.0"
    assert old.items() <= pods_of(web, "1.0").items()
    assert set(replica_sets(web)) == {"1.0"}
    is_as_before(web, before)
    set_image(web, "1.2")


def test_left_alone_in_the_middle_nothing_moves(web: Workload) -> None:
    scaled(web, 10)
    until(web.ready)
    strategy = {"type": "canary", "steps": [{"set_weight": 36}, {"pause": {}}], "max_surge": 1}
    at_pause(web.deploy("1.1", strategy=strategy))
    assert sizes(web) == {"1.0": 7, "1.1": 4}
    pods = {**pods_of(web, "1.0"), **pods_of(web, "1.1")}

    time.sleep(5)

    assert sizes(web) == {"1.0": 7, "1.1": 4}
    assert {**pods_of(web, "1.0"), **pods_of(web, "1.1")} == pods


def test_both_versions_follow_another_number_of_replicas(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    scaled(web, 6)
    ticked(release, lambda _now: sizes(web) == {"1.0": 3, "1.1": 3})

    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message
    assert web.live()["spec"]["replicas"] == 6
    until(web.ready)


def test_promote_full_skips_the_pauses_that_are_left(web: Workload, to_the_end: Play) -> None:
    steps = [{"set_weight": 30}, {"pause": {}}, {"set_weight": 60}, {"pause": {"seconds": 600}}]
    release = at_pause(web.deploy("1.1", strategy={"type": "canary", "steps": steps}))

    promote_release(release, by=web.developer, full=True)
    promote_release(release, by=web.developer, full=True)

    assert to_the_end(release).status == "succeeded", release.message
    assert release.events.filter(kind="release.promote").count() == 1


def test_a_person_holds_it_and_lets_it_go_on(web: Workload, to_the_end: Play) -> None:
    steps = [{"set_weight": 50}, {"pause": {"seconds": 1}}]
    release = web.deploy("1.1", strategy={"type": "canary", "steps": steps})
    ticked(release, lambda now: now.phase == "Progressing")

    pause_release(release, by=web.developer)
    ticked(release, lambda now: bool(now.state.get("held")))
    time.sleep(1.5)
    tick(release.pk)
    release.refresh_from_db()
    assert release.status == "paused"

    resume_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message


def test_a_version_that_cannot_run_fails_its_first_step_and_nobody_is_without_pods(
    web: Workload, to_the_end: Play
) -> None:
    before = web.live()
    release = to_the_end(web.deploy("1.1-nopull", strategy=HALF), seconds=90)

    assert (release.status, release.reason) == ("failed", "ImagePullFailed"), release.message
    assert release.state["evidence"]["kind"] == "Pod"
    assert len(pods_of(web, "1.0")) == 2
    is_as_before(web, before)
    set_image(web, "1.2")


def test_on_failure_pause_waits_for_a_person(web: Workload, to_the_end: Play) -> None:
    strategy = {**HALF, "on_failure": "pause", "progress_deadline_seconds": 3}
    release = ticked(web.deploy("1.1-unready", strategy=strategy), lambda now: now.status == "paused")
    assert release.reason == "ProgressDeadlineExceeded"

    retry_release(release, by=web.developer)
    ticked(release, lambda now: now.phase == "Progressing")
    abort_release(release, by=web.developer)

    assert to_the_end(release).status == "aborted"
    until(web.ready)
    assert web.image() == "1.0"


def test_without_replicas_the_template_is_written_and_nothing_is_held(web: Workload, to_the_end: Play) -> None:
    scaled(web, 0)
    until(web.ready)

    release = to_the_end(web.deploy("1.1", strategy=HALF))

    assert release.status == "succeeded"
    assert release.strategy["type"] == "rolling"
    assert "paused" not in web.live()["spec"]
    scaled(web, 2)
    until(lambda: len(pods_of(web, "1.1")) == 2)


def test_scaled_to_nothing_in_the_middle_it_lets_go_and_begins_anew(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    scaled(web, 0)
    ticked(release, lambda now: now.reason == "ScaledToZero" and "paused" not in web.live()["spec"])
    assert web.image() == "1.0"
    scaled(web, 2)
    at_pause(release)
    assert sizes(web) == {"1.0": 1, "1.1": 1}

    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message


def test_a_newer_release_takes_over_from_the_middle(web: Workload, to_the_end: Play) -> None:
    older = at_pause(web.deploy("1.1", strategy=HALF))
    with pytest.raises(ReleaseBlocked):
        web.deploy("1.2", strategy=HALF)

    newer = web.deploy("1.2", strategy=HALF, supersede=True)
    assert to_the_end(older).status == "superseded", older.message
    at_pause(newer)
    assert sizes(web) == {"1.0": 1, "1.2": 1}

    promote_release(newer, by=web.developer)
    assert to_the_end(newer).status == "succeeded", newer.message
    until(web.ready)
    assert web.image() == "1.2"


@pytest.mark.parametrize(("line", "version"), [("abort", "1.0"), ("promote", "1.1")])
def test_both_endings_need_no_portal(web: Workload, to_the_end: Play, line: str, version: str) -> None:
    before = web.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    tested = pods_of(web, version)

    run_line(web, line)

    until(lambda: web.ready() and web.image() == version)
    assert tested.items() <= pods_of(web, version).items()
    release = to_the_end(release)
    assert release.status == {"abort": "aborted", "promote": "succeeded"}[line], release.message
    is_as_before(web, before)
    set_image(web, "1.2")


def test_a_rollback_after_a_canary_rolls_to_the_exact_template(web: Workload, to_the_end: Play) -> None:
    original = web.live()["spec"]["template"]
    release = at_pause(web.deploy("1.1", strategy=HALF))
    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message

    back = rollback_release(web.developer, service=web.target.service, environment=web.target.environment)

    assert back.strategy["type"] == "rolling"
    assert to_the_end(back).status == "succeeded", back.message
    assert web.live()["spec"]["template"] == original


def test_without_a_history_the_old_replica_set_goes_with_the_end(web: Workload, to_the_end: Play) -> None:
    web.kubectl.patch(web.path, {"spec": {"revisionHistoryLimit": 0}})
    before = web.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    tested = pods_of(web, "1.1")

    promote_release(release, by=web.developer)

    assert to_the_end(release).status == "succeeded", release.message
    until(web.ready)
    assert tested.items() <= pods_of(web, "1.1").items()
    is_as_before(web, before)


def test_one_replica_without_surge_is_refused_at_the_step(web: Workload) -> None:
    scaled(web, 1)
    until(web.ready)

    with pytest.raises(ReleaseInvalid) as refused:
        web.deploy("1.1", strategy={**HALF, "max_surge": 0, "max_unavailable": 1})

    errors: list[dict[str, Any]] = refused.value.fields["errors"]
    assert [(one["pointer"], one["code"]) for one in errors] == [("/strategy/steps/0/set_weight", "weight_unreachable")]
