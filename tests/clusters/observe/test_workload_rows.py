"""What the watcher keeps of one workload comes by one statement, on either database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clusters.models import Cluster, WatchState
from clusters.observe import workload_rows as workload_rows_module
from clusters.observe.read import SILENT_SECONDS, observed_many
from clusters.observe.workload_rows import workload_rows
from durable.written_sql import as_stored
from tests.clusters.observe.objects import raw
from tests.factories.clusters import new_cluster, observed, watched_now

pytestmark = pytest.mark.both_databases


def child(kind: str, name: str, owner_kind: str, owner: str) -> dict[str, object]:
    owners = [{"kind": owner_kind, "name": owner, "uid": f"uid-{owner}", "controller": True}]
    return raw(kind, name, namespace="shop", metadata={"uid": f"uid-{name}", "ownerReferences": owners})


@pytest.fixture
def shop(db: None) -> Cluster:
    """Two Deployments with their ReplicaSets and Pods; the Pods of the old ReplicaSet are not kept whole."""
    cluster = new_cluster()
    for name in ("web", "cart"):
        observed(cluster, raw("Deployment", name, namespace="shop", metadata={"uid": f"uid-{name}"}), whole=True)
        for version, count in (("old", 1), ("new", 2)):
            observed(cluster, child("ReplicaSet", f"{name}-{version}", "Deployment", name), whole=True)
            for number in range(count):
                pod = child("Pod", f"{name}-{version}-{number}", "ReplicaSet", f"{name}-{version}")
                observed(cluster, pod, whole=version == "new")
    scaler = {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}}}
    observed(cluster, raw("HorizontalPodAutoscaler", "cart", namespace="shop", **scaler))
    observed(cluster, raw("Deployment", "web", namespace="elsewhere", metadata={"uid": "uid-far"}), whole=True)
    return cluster


def test_a_workload_comes_with_what_is_its_own(
    shop: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        rows = workload_rows(shop.pk, "shop", "web")
    assert rows.deployment and rows.deployment.whole and rows.deployment.whole["metadata"]["uid"] == "uid-web"
    assert [row.name for row in rows.replica_sets] == ["web-new", "web-old"]
    assert [(row.name, row.whole is not None) for row in rows.pods] == [
        ("web-new-0", True),
        ("web-new-1", True),
        ("web-old-0", False),
    ]
    assert [row.slim and row.slim["target"]["name"] for row in rows.autoscalers] == ["cart"]


def test_what_is_not_there_is_none(shop: Cluster) -> None:
    rows = workload_rows(shop.pk, "shop", "nothing")
    assert (rows.deployment, rows.replica_sets, rows.pods) == (None, (), ())


def test_a_kind_is_watched_while_its_watch_was_heard_of_lately(shop: Cluster) -> None:
    assert workload_rows(shop.pk, "shop", "web").watched == frozenset()
    watched_now(shop)
    silent = timezone.now() - timedelta(seconds=SILENT_SECONDS + 1)
    WatchState.objects.filter(cluster=shop, kind="Pod").update(contact_at=silent)
    WatchState.objects.filter(cluster=shop, kind="ReplicaSet").update(connected=False)
    watched = workload_rows(shop.pk, "shop", "web").watched
    assert {"Deployment", "HorizontalPodAutoscaler"} <= watched
    assert not {"Pod", "ReplicaSet"} & watched


def test_pods_are_found_by_their_owner_however_many_the_namespace_has(shop: Cluster) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by what it has counted")
    names = {"cluster": as_stored(shop.pk), "namespace": "shop", "workload": "web"}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {workload_rows_module._statement('sqlite')}", names)
        plan = [line[-1] for line in cursor.fetchall()]
    searched = [line for line in plan if line.startswith("SEARCH clusters_observation")]
    assert len(searched) == 4
    assert sum("observation_owner (cluster_id=? AND owner_uid=?)" in line for line in searched) == 2


def test_what_names_an_owner_of_another_namespace_is_not_its_own(shop: Cluster) -> None:
    foreign = child("Pod", "web-new-forged", "ReplicaSet", "web-new")
    metadata = {**foreign["metadata"], "namespace": "elsewhere"}  # type: ignore[dict-item]
    observed(shop, {**foreign, "metadata": metadata}, whole=True)

    assert [row.name for row in workload_rows(shop.pk, "shop", "web").pods if "forged" in row.name] == []
    assert [row.name for row in observed_many(shop.pk, "Pod", "shop", owner_uids=["uid-web-new"])] == [
        "web-new-0",
        "web-new-1",
    ]
