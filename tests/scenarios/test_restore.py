"""The database comes back from a backup while the cluster has moved on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from audit.models import Entry
from clusters.models import KeepWhole, Observation
from deployments.commands import settle_orphans
from deployments.engine.workload import EPOCH, PORTAL, RELEASE, claim_of
from deployments.models import Release, ReleaseEvent, portal_key
from deployments.orphans import clean_orphans, find_orphans
from deployments.queries.drift import drift_of
from deployments.restore import StillServing, after_restore
from deployments.tick import tick
from durable import heartbeat
from tests.conftest import until
from tests.factories.clusters import observed
from tests.scenarios.conftest import Workload
from tests.scenarios.in_place import HALF, at_pause, is_as_before, pods_of, replica_sets

ToTheEnd = Callable[[Release], Release]
UntilPhase = Callable[..., Release]
UNKNOWN = "5f1c8f0e-0000-4000-8000-000000000001"


def backup_of(release: Release) -> dict[str, object]:
    """The columns of its row now."""
    release.refresh_from_db()
    return {field.attname: getattr(release, field.attname) for field in release._meta.concrete_fields}


def restore(release: Release, backup: dict[str, object]) -> None:
    Release.objects.filter(pk=release.pk).update(**backup)
    ReleaseEvent.objects.filter(release=release, seq__gt=backup["event_seq"]).delete()
    after_restore()


def test_a_running_release_is_found_again_and_ends_once(
    web: Workload, until_phase: UntilPhase, to_the_end: ToTheEnd
) -> None:
    release = web.deploy("1.1")
    waiting = backup_of(release)
    until_phase(release, "Progressing")
    generation = web.live()["metadata"]["generation"]
    epoch = int(claim_of(web.live()).epoch)

    restore(release, waiting)
    tick(release.pk)

    assert int(claim_of(web.live()).epoch) == epoch + 1
    ended = to_the_end(release)
    assert (ended.status, web.image()) == ("succeeded", "1.1")
    assert web.live()["metadata"]["generation"] == generation
    assert not [label for label in web.labels() if label.startswith("slipway.dev/")]


def test_what_was_released_since_the_backup_stays(web: Workload, until_phase: UntilPhase, to_the_end: ToTheEnd) -> None:
    release = until_phase(web.deploy("1.1"), "Progressing")
    backup = backup_of(release)
    to_the_end(release)
    lost = to_the_end(web.deploy("1.2"))
    Release.objects.filter(pk=lost.pk).delete()
    generation = web.live()["metadata"]["generation"]

    restore(release, backup)
    ended = to_the_end(release)

    assert (ended.status, ended.reason) == ("failed", "Conflict")
    assert "restored" in ended.message
    # Its controller may still write status; nobody writes what is wanted.
    assert (web.image(), web.live()["metadata"]["generation"]) == ("1.2", generation)


def test_the_claim_of_a_release_that_the_backup_does_not_know_is_taken_away(web: Workload) -> None:
    claim = {PORTAL: portal_key(), RELEASE: UNKNOWN, EPOCH: "3"}
    web.kubectl.patch(web.path, {"metadata": {"labels": claim}})
    seen_by_the_watcher(web)
    template = web.live()["spec"]["template"]

    assert [orphan.release for orphan in find_orphans()] == [UNKNOWN]
    assert clean_orphans() == 1

    assert not claim.keys() & web.labels().keys()
    assert web.live()["spec"]["template"] == template
    assert Entry.objects.filter(action="orphan.clean").count() == 1


def test_a_workload_that_an_unknown_release_holds_in_place_waits_for_a_person(
    web: Workload, to_the_end: ToTheEnd
) -> None:
    for action, version in (("clean", "1.0"), ("continue", "1.1")):
        before = web.live()
        lost = at_pause(web.deploy("1.1", strategy=HALF))
        lost_id = str(lost.pk)
        Release.objects.filter(pk=lost.pk).delete()
        KeepWhole.objects.all().delete()
        seen_by_the_watcher(web)
        tested = pods_of(web, version)

        assert {one.release for one in find_orphans()} == {lost_id}
        assert clean_orphans() == 0
        assert drift_of([web.target])["orphans"][0]["release"] == lost_id
        settled = settle_orphans(web.target, by=web.developer, action=action)

        assert settled[0]["kind"] == "Deployment"
        until(lambda version=version: web.ready() and web.image() == version)
        assert tested.items() <= pods_of(web, version).items()
        is_as_before(web, before)
        seen_by_the_watcher(web)
        assert not find_orphans()
        assert Entry.objects.filter(action=f"orphan.{action}").count() == 1


def test_what_an_ended_release_could_not_give_back_is_swept(web: Workload, to_the_end: ToTheEnd) -> None:
    before = web.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    Release.objects.filter(pk=release.pk).update(
        ended=True,
        holding=False,
        status="failed",
        phase="Failed",
        finished_at=release.created_at - timedelta(minutes=1),
    )
    seen_by_the_watcher(web)

    assert clean_orphans() == 1

    until(lambda: web.ready() and web.image() == "1.0")
    is_as_before(web, before)


def test_the_claim_of_another_portal_is_left_alone(web: Workload) -> None:
    claim = {PORTAL: "0123456789abcdef", RELEASE: UNKNOWN, EPOCH: "3"}
    web.kubectl.patch(web.path, {"metadata": {"labels": claim}})
    seen_by_the_watcher(web)

    assert clean_orphans() == 0
    assert claim.items() <= web.labels().items()


def test_a_running_release_keeps_its_claim(web: Workload, until_phase: UntilPhase) -> None:
    until_phase(web.deploy("1.1"), "Progressing")
    seen_by_the_watcher(web)

    assert clean_orphans() == 0


def test_nobody_prepares_a_database_that_is_worked_on(db: None) -> None:
    heartbeat.beat("worker")

    with pytest.raises(StillServing, match="works on this database"):
        after_restore()


def seen_by_the_watcher(web: Workload) -> None:
    """The rows that a watcher would have written of the Deployment and its ReplicaSets."""
    Observation.objects.filter(namespace=web.target.namespace).delete()
    observed(web.target.cluster, {"kind": "Deployment", **web.live()})
    for one in replica_sets(web).values():
        observed(web.target.cluster, {"kind": "ReplicaSet", **one})
