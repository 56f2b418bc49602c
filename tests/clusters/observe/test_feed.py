"""What a release has read is kept whole in the rows that hold the same state; then the watcher fetches nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from clusters.models import Cluster, Observation, WatchState
from clusters.observe import feed as feeding
from clusters.observe.feed import feed, whole_objects
from durable.clock import database_time
from durable.written_sql import as_stored
from tests.clusters.observe.objects import deployment, owned_by, pod, raw
from tests.factories.clusters import new_cluster, observed


@pytest.fixture
def cluster(db: None) -> Cluster:
    return new_cluster()


def replica_set() -> dict[str, Any]:
    return raw("ReplicaSet", "web-6d4f", metadata=owned_by("Deployment", "web"))


def whole(kind: str) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = Observation.objects.get(kind=kind).whole
    return kept


def test_a_row_of_the_same_state_becomes_whole(cluster: Cluster) -> None:
    for object_ in (deployment(), pod()):
        observed(cluster, object_)

    feed(cluster.pk, [("Deployment", deployment()), ("Pod", pod())])

    assert whole("Deployment") == deployment()
    assert (whole("Pod") or {})["spec"] == pod()["spec"]
    assert "managedFields" not in (whole("Pod") or {})["metadata"]


@pytest.mark.parametrize(
    "other",
    [
        pod(version=6),
        pod(version=8),
        raw("Pod", "web-6d4f-abcde", metadata={"uid": "the one before"}),
        raw("Pod", "web-6d4f-abcde", namespace="other"),
        raw("Pod", "web-6d4f-abcde", metadata={"annotations": {"a": "nul \0"}}),
        raw("Pod", "web-6d4f-abcde", metadata={"annotations": {"a": "half \ud800"}}),
    ],
    ids=["older", "newer", "another uid", "elsewhere", "NUL", "half a pair"],
)
def test_any_other_is_left_to_the_watcher(cluster: Cluster, other: dict[str, Any]) -> None:
    observed(cluster, pod())
    feed(cluster.pk, [("Pod", other)])
    feed(new_cluster().pk, [("Pod", pod())])
    assert whole("Pod") is None


def test_what_is_whole_already_stays_as_the_watcher_saw_it(cluster: Cluster) -> None:
    seen = {**pod(), "seen": "by the watcher"}
    observed(cluster, seen, whole=True)
    feed(cluster.pk, [("Pod", pod())])
    assert (whole("Pod") or {})["seen"]


def test_a_workload_is_whole_when_all_that_belongs_to_it_is(cluster: Cluster) -> None:
    WatchState.objects.create(
        cluster=cluster, kind="Deployment", connected=True, synced_at=database_time(), contact_at=database_time()
    )
    service = raw("Service", "front", spec={"selector": {"app": "web"}})
    slices = raw("EndpointSlice", "front-x", metadata={"labels": {"kubernetes.io/service-name": "front"}}, endpoints=[])
    belonging = [deployment(), replica_set(), pod(), service, slices]
    strangers = [deployment("basket"), raw("Service", "basket", spec={"selector": {"app": "basket"}})]
    assert whole_objects(cluster.pk, "shop", "web") == []
    for object_ in (*belonging, *strangers):
        observed(cluster, object_)

    for object_ in belonging:
        assert whole_objects(cluster.pk, "shop", "web") == []
        feed(cluster.pk, [(object_["kind"], object_)])

    kinds = [kind for kind, _whole in whole_objects(cluster.pk, "shop", "web")]
    assert kinds == ["Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what it has counted")
def test_each_row_is_found_by_its_key(cluster: Cluster) -> None:
    values = feeding._values(cluster.pk, "Pod", pod())
    assert values["cluster"] == as_stored(cluster.pk)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {feeding._statement(connection.vendor)}", values)
        plan = [line[-1] for line in cursor.fetchall()]
    assert any("(cluster_id=? AND kind=? AND namespace=? AND name=?)" in line for line in plan), plan
    assert not any(line.startswith("SCAN") for line in plan), plan
