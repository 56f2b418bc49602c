"""Rolling releases on the sandbox's real API server and controller manager (delivery.md, Rolling)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from deployments.commands import abort_release, pause_release, resume_release, retry_release, rollback_release
from deployments.errors import NothingToRollBackTo, ReleaseBlocked, WrongPhase
from deployments.models import Release, Revision
from tests.conftest import until
from tests.scenarios.conftest import Workload
from tests.scenarios.in_place import scaled, set_image, sizes

pytestmark = pytest.mark.slow

Play = Callable[[Release], Release]
PlayTo = Callable[[Release, str], Release]


def test_a_new_version_is_rolled_out_and_nothing_is_left_behind(web: Workload, to_the_end: Play) -> None:
    before = web.labels()

    release = to_the_end(web.deploy("1.1"))

    assert (release.status, release.reason) == ("succeeded", "")
    assert web.image() == "1.1"
    assert web.ready()
    assert web.labels() == before
    assert [event.seq for event in release.events.all()] == list(range(1, release.events.count() + 1))
    assert [revision.number for revision in Revision.objects.filter(target=web.target)] == [2, 1]


def test_releasing_what_runs_changes_nothing_and_says_so(web: Workload, to_the_end: Play) -> None:
    generation = web.live()["metadata"]["generation"]

    release = to_the_end(web.deploy("1.0"))

    assert release.status == "succeeded"
    assert "already runs" in release.message
    assert web.live()["metadata"]["generation"] == generation


@pytest.mark.parametrize(
    ("suffix", "reason", "words"),
    [
        ("nopull", "ImagePullFailed", "pull"),
        ("crash", "CrashLoopBackOff", "exit code 1"),
        ("badconfig", "ContainerConfigError", ""),
    ],
)
def test_a_version_that_cannot_run_fails_fast_and_the_old_one_comes_back(
    web: Workload, to_the_end: Play, suffix: str, reason: str, words: str
) -> None:
    release = to_the_end(web.deploy(f"1.1-{suffix}"))

    assert (release.status, release.reason) == ("failed", reason)
    assert words in release.state["evidence"]["words"]
    assert release.state["evidence"]["kind"] == "Pod"
    assert web.image() == "1.0"
    until(web.ready)


def test_a_version_that_never_becomes_ready_runs_into_its_deadline(web: Workload, to_the_end: Play) -> None:
    strategy = {"type": "rolling", "progress_deadline_seconds": 5}

    release = to_the_end(web.deploy("1.1-unready", strategy=strategy))

    assert (release.status, release.reason) == ("failed", "ProgressDeadlineExceeded")
    assert web.image() == "1.0"


def test_on_failure_pause_holds_and_retry_of_a_mended_image_goes_on(
    web: Workload, until_phase: PlayTo, to_the_end: Play
) -> None:
    strategy = {"type": "rolling", "progress_deadline_seconds": 3, "on_failure": "pause"}
    release = until_phase(web.deploy("1.1-unready", strategy=strategy), "Paused")
    assert (release.status, release.reason) == ("paused", "ProgressDeadlineExceeded")
    assert web.image() == "1.1-unready"

    assert retry_release(release, by=web.developer).pk == release.pk
    until_phase(release, "Progressing")
    abort_release(release, by=web.developer)

    assert to_the_end(release).status == "aborted"
    assert web.image() == "1.0"


def test_an_abort_in_the_middle_brings_the_old_version_back(
    web: Workload, until_phase: PlayTo, to_the_end: Play
) -> None:
    release = until_phase(web.deploy("1.1-unready"), "Progressing")

    abort_release(release, by=web.developer, reason="wrong version")
    abort_release(release, by=web.developer, reason="clicked twice")

    assert (to_the_end(release).status, release.reason) == ("aborted", "AbortedByUser")
    assert web.image() == "1.0"
    assert release.events.filter(kind="release.abort", actor="dev").count() == 1
    with pytest.raises(WrongPhase):
        retry_release(Release.objects.get(pk=to_the_end(web.deploy("1.1")).pk), by=web.developer)


ONE_BY_ONE = {"type": "rolling", "max_surge": 1, "max_unavailable": 0}


def test_a_paused_release_keeps_both_versions_until_it_is_resumed(
    web: Workload, until_phase: PlayTo, to_the_end: Play
) -> None:
    scaled(web, 6)
    until(web.ready)
    before = web.live()
    release = until_phase(web.deploy("1.1", strategy=ONE_BY_ONE), "Progressing")

    pause_release(release, by=web.developer)
    until_phase(release, "Paused")
    until(lambda: bool(web.live()["spec"].get("paused")))
    until(lambda: web.live()["status"]["observedGeneration"] == web.live()["metadata"]["generation"])
    held = sizes(web)
    assert sum(held.values()) <= 7, held
    assert "up to 7 of them" in release.message
    time.sleep(2)
    assert sizes(web) == held, "moved while it was held"
    assert set(held) == {"1.0", "1.1"}

    resume_release(release, by=web.developer)

    assert to_the_end(release).status == "succeeded"
    after = web.live()
    assert "paused" not in after["spec"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    until(lambda: sizes(web) == {"1.1": 6})
    set_image(web, "1.2")


def test_an_abort_of_a_paused_release_lets_the_controller_bring_the_old_pods_back(
    web: Workload, until_phase: PlayTo, to_the_end: Play
) -> None:
    before = web.live()
    release = until_phase(web.deploy("1.1-unready", strategy=ONE_BY_ONE), "Progressing")
    pause_release(release, by=web.developer)
    until_phase(release, "Paused")
    until(lambda: bool(web.live()["spec"].get("paused")))

    abort_release(release, by=web.developer)

    assert to_the_end(release).status == "aborted"
    after = web.live()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    until(lambda: sizes(web) == {"1.0": 2})


def test_a_rollback_writes_the_exact_template_of_the_revision(web: Workload, to_the_end: Play) -> None:
    original = web.live()["spec"]["template"]
    to_the_end(web.deploy("1.1", config={"web": {"env": {"GREETING": "hello"}}}))
    assert web.live()["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "GREETING", "value": "hello"}]

    release = rollback_release(web.developer, service=web.target.service, environment=web.target.environment)

    assert to_the_end(release).status == "succeeded"
    assert web.live()["spec"]["template"] == original
    assert release.rollback_to is not None
    assert release.rollback_to.number == 1


def test_there_is_nothing_to_roll_back_to_before_the_first_release(web: Workload) -> None:
    with pytest.raises(NothingToRollBackTo):
        rollback_release(web.developer, service=web.target.service, environment=web.target.environment)


def test_a_second_release_is_refused_unless_it_supersedes(web: Workload, until_phase: PlayTo, to_the_end: Play) -> None:
    first = until_phase(web.deploy("1.1-unready"), "Progressing")

    with pytest.raises(ReleaseBlocked) as refused:
        web.deploy("1.2")
    assert refused.value.fields["blocked_by"][0]["id"] == str(first.pk)

    second = web.deploy("1.2", supersede=True)
    assert to_the_end(first).status == "superseded"
    assert to_the_end(second).status == "succeeded"
    assert web.image() == "1.2"


def test_a_failed_superseding_release_goes_back_to_the_last_good_version(
    web: Workload, until_phase: PlayTo, to_the_end: Play
) -> None:
    first = until_phase(web.deploy("1.1-unready"), "Progressing")
    second = web.deploy("1.2-crash", supersede=True)

    assert to_the_end(first).status == "superseded"
    assert to_the_end(second).status == "failed"

    assert web.image() == "1.0"


def test_bounds_asked_for_hold_for_the_release_only(web: Workload, until_phase: PlayTo, to_the_end: Play) -> None:
    before = web.live()["spec"]["strategy"]
    strategy = {"type": "rolling", "max_surge": 0, "max_unavailable": 1}
    release = until_phase(web.deploy("1.1-unready", strategy=strategy), "Progressing")
    assert web.live()["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}

    abort_release(release, by=web.developer)
    to_the_end(release)

    assert web.live()["spec"]["strategy"] == before
    assert "slipway.dev/originals" not in web.live()["metadata"].get("annotations", {})
    sets = web.kubectl.get(f"/apis/apps/v1/namespaces/{web.target.namespace}/replicasets")["items"]
    assert not [one for one in sets if "slipway.dev/originals" in one["metadata"].get("annotations", {})]


def test_set_image_by_hand_still_rolls_after_every_ending(web: Workload, until_phase: PlayTo, to_the_end: Play) -> None:
    for version, ending in (("1.1", "succeeded"), ("1.2-crash", "failed")):
        assert to_the_end(web.deploy(version)).status == ending
        container = {"name": "web", "image": f"registry.shop.example/web:by-hand-{ending}"}
        body = {"spec": {"template": {"spec": {"containers": [container]}}}}
        answer = web.kubectl.http.patch(
            web.path, json=body, headers={"Content-Type": "application/strategic-merge-patch+json"}
        )
        assert answer.is_success
        until(web.ready)


def test_a_retry_asks_for_the_same_on_top_of_what_runs_by_now(web: Workload, to_the_end: Play) -> None:
    failed = to_the_end(web.deploy("1.1-crash", config={"web": {"env": {"GREETING": "hello"}}}))
    patch = {"spec": {"template": {"metadata": {"annotations": {"by": "hand"}}}}}
    web.kubectl.patch(web.path, patch)
    until(web.ready)

    again = retry_release(failed, by=web.developer)

    assert again.pk != failed.pk
    assert again.retry_of == failed
    assert again.template_to["metadata"]["annotations"] == {"by": "hand"}
    (container,) = again.template_to["spec"]["containers"]
    assert container["image"].endswith(":1.1-crash")
    assert container["env"] == [{"name": "GREETING", "value": "hello"}]
    abort_release(again, by=web.developer)
    assert to_the_end(again).status == "aborted"


def test_a_rollback_tells_what_the_revision_named_and_is_gone_or_changed(web: Workload, to_the_end: Play) -> None:
    maps = f"/api/v1/namespaces/{web.target.namespace}/configmaps"
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "blue"}}
    web.kubectl.create(maps, settings)
    container = {"name": "web", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    strategic = {"Content-Type": "application/strategic-merge-patch+json"}
    assert web.kubectl.http.patch(web.path, json=body, headers=strategic).is_success
    until(web.ready)
    to_the_end(web.deploy("1.1"))
    web.kubectl.patch(f"{maps}/settings", {"data": {"colour": "red"}})

    back = rollback_release(web.developer, service=web.target.service, environment=web.target.environment)

    assert "The ConfigMap settings holds something else" in back.events.get(kind="rollback.note").message
    assert to_the_end(back).status == "succeeded"
    web.kubectl.delete(f"{maps}/settings")
    with pytest.raises(ReleaseBlocked, match="ConfigMap settings"):
        rollback_release(web.developer, service=web.target.service, environment=web.target.environment)
