"""What the watcher keeps of one workload comes by one statement, on either database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clusters.models import Cluster, WatchState
from clusters.observe.read import SILENT_SECONDS
from clusters.observe.workload_rows import workload_rows
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
