"""What was observed is answered with how current it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clusters.models import Cluster, WatchState
from clusters.observe.read import freshness, observed_many, watching
from tests.clusters.observe.objects import pod
from tests.factories.clusters import new_cluster, observed, watched_now

LONG_AGO = timedelta(seconds=6)


@pytest.fixture
def cluster(db: None) -> Cluster:
    return new_cluster()


def test_rows_are_current_while_the_watcher_hears_from_the_cluster(cluster):
    watched_now(cluster)
    assert watching(cluster.pk, "Pod")
    assert not freshness(cluster.pk, ("Pod", "Node")).stale


def test_rows_are_not_current_after_five_seconds_of_silence(cluster):
    watched_now(cluster, contact_at=timezone.now() - LONG_AGO)
    assert not watching(cluster.pk, "Pod")
    fresh = freshness(cluster.pk, ("Pod",))
    assert fresh.stale
    assert fresh.as_of is not None


@pytest.mark.parametrize("missing", [{"connected": False}, {"synced_at": None}])
def test_rows_are_not_current_without_a_stream_or_a_complete_list(cluster, missing):
    watched_now(cluster)
    WatchState.objects.filter(kind="Pod").update(**missing)
    assert not watching(cluster.pk, "Pod")
    assert freshness(cluster.pk, ("Pod", "Node")).stale
    assert watching(cluster.pk, "Node")


def test_the_least_fresh_kind_decides(cluster):
    watched_now(cluster)
    before = timezone.now() - LONG_AGO
    WatchState.objects.filter(kind="Pod").update(contact_at=before)
    assert freshness(cluster.pk, ("Pod", "Node")).as_of == before


def test_what_was_never_watched_was_never_seen(cluster):
    assert freshness(cluster.pk, ("Pod",)).as_of is None
    assert not watching(cluster.pk, "Pod")


def test_rows_are_chosen_by_owner_and_labels(cluster):
    observed(cluster, pod("a"))
    stray = pod("b")
    stray["metadata"] |= {"ownerReferences": [], "labels": {"app": "web", "slipway.dev/role": "canary"}}
    observed(cluster, stray)
    assert [row.name for row in observed_many(cluster.pk, "Pod", "shop")] == ["a", "b"]
    assert [
        row.name for row in observed_many(cluster.pk, "Pod", "shop", owner_uids=["uid-ReplicaSet-shop-web-6d4f"])
    ] == ["a"]
    assert [row.name for row in observed_many(cluster.pk, "Pod", "shop", labels={"slipway.dev/role": "canary"})] == [
        "b"
    ]
