"""The watcher against API servers that misbehave: one bad object, kind or cluster changes nothing for the rest."""

from __future__ import annotations

import pytest

from clusters.models import Cluster, WatchState
from clusters.observe.read import freshness, observed, watching
from tests.clusters.observe.api_server import Lists, WatchStream
from tests.clusters.observe.objects import deployment, pod, raw
from tests.clusters.tls_server import Authority
from tests.conftest import until
from tests.factories.clusters import cluster_at

pytestmark = pytest.mark.django_db(transaction=True)

PODS = "/api/v1/pods"
EVENTS = "/api/v1/events"
DEPLOYMENTS = "/apis/apps/v1/deployments"


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def faulty(lists, serve, authority, transactional_db) -> Cluster:
    return cluster_at(serve(lists).url, authority.pem)


def test_t41_malformed_objects_are_marked_bad_and_everything_else_goes_on(lists, faulty, watcher):
    lists.items[PODS] = [pod("good"), pod("bad") | {"spec": "gone"}, {"metadata": None}, None, 7]

    def stream(watch: WatchStream, _asked: dict[str, str]) -> None:
        watch.line(b'{"type": "ADDED", "object": {"metadata": {"na')
        watch.line(b"\xff\xfe\x00")
        watch.event("ADDED", raw("Pod", "nul", status={"message": "a\x00b"}))
        watch.event("MODIFIED", raw("Pod", "worse", metadata={"labels": "none"}))
        watch.event("ADDED", pod("later"))
        watch.stay()

    lists.watches[PODS] = stream
    until(lambda: observed(faulty.pk, "Pod", "shop", "later"))
    assert observed(faulty.pk, "Pod", "shop", "good").slim["phase"] == "Pending"
    assert "spec should be an object" in observed(faulty.pk, "Pod", "shop", "bad").slim["bad"]
    assert "labels should be an object" in observed(faulty.pk, "Pod", "shop", "worse").slim["bad"]
    assert observed(faulty.pk, "Pod", "shop", "nul").slim["message"] == "a\ufffdb"
    until(lambda: watching(faulty.pk, "Pod") and watching(faulty.pk, "Deployment"))
    until(lambda: "cannot be read" in WatchState.objects.get(cluster=faulty, kind="Pod").error)


def test_a_forgotten_version_is_listed_anew_and_what_vanished_is_swept(lists, faulty, watcher):
    lists.items[PODS] = [pod("one"), pod("two")]

    def stream(watch: WatchStream, _asked: dict[str, str]) -> None:
        if lists.lists_asked.count(PODS) == 1:
            lists.items[PODS] = [pod("two"), pod("three")]
            watch.event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
        watch.stay()

    lists.watches[PODS] = stream
    until(lambda: observed(faulty.pk, "Pod", "shop", "three"))
    until(lambda: observed(faulty.pk, "Pod", "shop", "one") is None)
    assert observed(faulty.pk, "Pod", "shop", "two")
    assert lists.lists_asked.count(DEPLOYMENTS) == 1


def test_a_broken_stream_goes_on_from_its_last_bookmark_without_listing(lists, faulty, watcher):
    versions: list[str] = []

    def stream(watch: WatchStream, asked: dict[str, str]) -> None:
        versions.append(asked["resourceVersion"])
        if len(versions) == 1:
            watch.event("BOOKMARK", {"metadata": {"resourceVersion": "175"}})
            watch.cut()
            return
        watch.event("ADDED", pod("after", version=176))
        watch.stay()

    lists.watches[PODS] = stream
    until(lambda: observed(faulty.pk, "Pod", "shop", "after"))
    assert versions[:2] == ["100", "175"]
    assert lists.lists_asked.count(PODS) == 1


def test_a_kind_that_may_not_be_read_is_said_and_the_others_go_on(lists, faulty, watcher):
    lists.refused[EVENTS] = (403, 'events is forbidden: User "slipway" cannot list resource "events"')
    lists.items[PODS] = [pod("web")]
    until(lambda: watching(faulty.pk, "Pod"))
    until(lambda: "cannot list" in WatchState.objects.get(cluster=faulty, kind="Event").error)
    assert not watching(faulty.pk, "Event")
    assert freshness(faulty.pk, ("Event",)).stale
    assert Cluster.objects.get(pk=faulty.pk).status == "connected"


def test_a_server_that_falls_silent_is_no_longer_trusted(lists, faulty, watcher):
    until(lambda: watching(faulty.pk, "Pod"))
    lists.is_silent.set()
    until(lambda: not watching(faulty.pk, "Pod"), seconds=8)
    until(lambda: Cluster.objects.get(pk=faulty.pk).status == "unreachable")
    assert "no answer" in Cluster.objects.get(pk=faulty.pk).status_message
    lists.is_silent.clear()
    until(lambda: watching(faulty.pk, "Pod") and Cluster.objects.get(pk=faulty.pk).status == "connected")


def test_rejected_credentials_are_said_as_such(lists, faulty, watcher):
    lists.refused["/version"] = (401, "Unauthorized")
    until(lambda: Cluster.objects.get(pk=faulty.pk).status == "unreachable")
    assert "401" in Cluster.objects.get(pk=faulty.pk).status_message


def test_a_foreign_certificate_is_not_talked_to(lists, serve, transactional_db, watcher):
    stranger = cluster_at(serve(lists).url, Authority("strangers").pem)
    until(lambda: Cluster.objects.get(pk=stranger.pk).status == "unreachable")
    assert "certificate" in Cluster.objects.get(pk=stranger.pk).status_message
    assert lists.lists_asked == []


def test_a_deployment_is_written_once_for_a_burst_of_events(lists, faulty, watcher, changes):
    def stream(watch: WatchStream, _asked: dict[str, str]) -> None:
        for version in range(101, 401):
            watch.event("MODIFIED", deployment(version=version, readyReplicas=version))
        watch.stay()

    lists.watches[DEPLOYMENTS] = stream
    until(lambda: (row := observed(faulty.pk, "Deployment", "shop", "web")) and row.resource_version == 400)
    assert len([told for told in changes if told["name"] == "web"]) < 30
