"""The watcher against a real API server: what is there becomes rows, and rows follow what happens."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from django.db import transaction

from clusters.models import Cluster, KeepWhole, Observation, WatchState
from clusters.observe.feed import feed
from clusters.observe.kinds import KINDS
from clusters.observe.read import freshness, observed, observed_many, pod_warnings, watching
from tests.conftest import until
from tests.factories.clusters import cluster_at, reachable_cluster
from tests.kubectl import Kubectl

pytestmark = [pytest.mark.sandbox, pytest.mark.django_db(transaction=True)]

APPS = "/apis/apps/v1/namespaces"


def web(replicas: int = 2, image: str = "shop.example/web:1") -> dict:
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
        },
    }


@pytest.fixture
def cluster(sandbox_cluster, transactional_db) -> Cluster:
    return reachable_cluster(sandbox_cluster.kubeconfig)


@pytest.fixture
def kubectl(sandbox_cluster) -> Iterator[Kubectl]:
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        yield kubectl


@pytest.fixture
def watched(cluster, watcher) -> Cluster:
    until(lambda: all(watching(cluster.pk, kind.name) for kind in KINDS))
    return cluster


def ready(cluster: Cluster, namespace: str, replicas: int) -> bool:
    row = observed(cluster.pk, "Deployment", namespace, "web")
    return row is not None and (row.slim["ready"], row.slim["updated"]) == (replicas, replicas)


def test_a_registered_cluster_is_seen_whole_within_seconds(watched):
    watched.refresh_from_db()
    assert (watched.status, watched.status_message) == ("connected", "")
    assert watched.kubernetes_version.startswith("v1.")
    assert Observation.objects.filter(cluster=watched, kind="Node").count() == 5
    fresh = freshness(watched.pk, ("Pod", "Node"))
    assert fresh.as_of is not None
    assert not fresh.stale
    assert not WatchState.objects.exclude(error="").exists()


def test_rows_follow_a_deployment_from_its_first_pod_to_its_end(watched, kubectl, namespace, changes):
    kubectl.create(f"{APPS}/{namespace}/deployments", web())
    until(lambda: ready(watched, namespace, 2))
    deployment = observed(watched.pk, "Deployment", namespace, "web")
    (replica_set,) = observed_many(watched.pk, "ReplicaSet", namespace, owner_uids=[deployment.uid])
    pods = observed_many(watched.pk, "Pod", namespace, owner_uids=[replica_set.uid], labels={"app": "web"})
    assert [pod.slim["ready"] for pod in pods] == [True, True]
    assert observed_many(watched.pk, "Pod", namespace, labels={"app": "other"}) == []
    kubectl.patch(f"{APPS}/{namespace}/deployments/web", {"spec": {"replicas": 1}})
    until(lambda: ready(watched, namespace, 1))
    kubectl.delete(f"{APPS}/{namespace}/deployments/web")
    until(
        lambda: (
            not observed_many(watched.pk, "Pod", namespace) and not observed(watched.pk, "Deployment", namespace, "web")
        )
    )
    told = [told for told in changes if told["namespace"] == namespace]
    assert {told["kind"] for told in told} >= {"Deployment", "ReplicaSet", "Pod", "Event"}
    assert any(told["kind"] == "Deployment" and told["deleted"] for told in told)
    assert {told["owner_name"] for told in told if told["kind"] == "ReplicaSet" and not told["deleted"]} == {"web"}
    assert all(told["cluster_id"] == watched.pk for told in told)


def warn(kubectl, namespace: str, name: str) -> None:
    """What a kubelet says of a Pod of `web` that it cannot start."""
    event = {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "web-1", "uid": "uid-of-web-1"},
        "type": "Warning",
        "reason": "Failed",
        "message": "no such image",
    }
    kubectl.create(f"/api/v1/namespaces/{namespace}/events", event)


def test_a_workload_under_release_is_kept_whole_and_no_longer(watched, kubectl, namespace):
    kubectl.create(f"{APPS}/{namespace}/deployments", web())
    until(lambda: ready(watched, namespace, 2))
    assert not Observation.objects.filter(cluster=watched, namespace=namespace, whole__isnull=False).exists()
    warn(kubectl, namespace, "web-1.failed")
    keep = KeepWhole.objects.create(cluster=watched, namespace=namespace, workload="web", release_id=watched.pk)

    def whole(kind: str) -> list[dict]:
        return [row.whole for row in observed_many(watched.pk, kind, namespace) if row.whole]

    until(lambda: whole("Deployment") and whole("ReplicaSet") and len(whole("Pod")) == 2, seconds=5)
    # Of an Event the slim row says everything.
    until(
        lambda: [one["message"] for one in pod_warnings(watched.pk, namespace, {"uid-of-web-1"})] == ["no such image"]
    )
    assert whole("Deployment")[0]["metadata"]["managedFields"]
    assert "managedFields" not in whole("ReplicaSet")[0]["metadata"]
    assert whole("Pod")[0]["spec"]["containers"][0]["image"] == "shop.example/web:1"
    kubectl.patch(f"{APPS}/{namespace}/deployments/web", {"spec": {"replicas": 3}})
    until(lambda: len(whole("Pod")) == 3)
    assert whole("Deployment")[0]["spec"]["replicas"] == 3
    assert Observation.objects.filter(cluster=watched, namespace=namespace, kind="Event").count() > 1
    assert not whole("Event")
    keep.delete()
    until(lambda: not any(whole(kind) for kind in ("Deployment", "ReplicaSet", "Pod")))


def test_what_a_release_has_read_is_not_fetched_again(watched, kubectl, namespace, monkeypatch):
    fetched: list[str] = []

    async def note(_namespace: str, names: Collection[str], *_more: object) -> None:
        fetched.extend(names)

    monkeypatch.setattr("clusters.observe.cluster.fill", note)
    kubectl.create(f"{APPS}/{namespace}/deployments", web())
    until(lambda: ready(watched, namespace, 2))
    kinds = {"Deployment": "apis/apps/v1", "ReplicaSet": "apis/apps/v1", "Pod": "api/v1"}
    read = [
        (kind, one)
        for kind, group in kinds.items()
        for one in kubectl.get(f"/{group}/namespaces/{namespace}/{kind.lower()}s")["items"]
    ]
    until(lambda: all(watched_version(watched, kind, one) == one["metadata"]["resourceVersion"] for kind, one in read))
    for workload, objects in (("web", read), ("nobody-has-read", [])):
        with transaction.atomic():
            KeepWhole.objects.create(cluster=watched, namespace=namespace, workload=workload, release_id=watched.pk)
            feed(watched.pk, objects)

    until(lambda: "nobody-has-read" in fetched)
    assert "web" not in fetched
    kubectl.patch(f"{APPS}/{namespace}/deployments/web", {"spec": {"replicas": 3}})
    until(lambda: len([row for row in observed_many(watched.pk, "Pod", namespace) if row.whole]) == 3)


def watched_version(cluster: Cluster, kind: str, read: dict) -> str:
    row = observed(cluster.pk, kind, read["metadata"]["namespace"], read["metadata"]["name"])
    return str(row.resource_version) if row else ""


def test_what_vanished_while_nobody_watched_is_swept(cluster, start_watcher, kubectl, namespace):
    first = start_watcher()
    kubectl.create(f"{APPS}/{namespace}/deployments", web(replicas=0))
    until(lambda: observed(cluster.pk, "Deployment", namespace, "web"))
    first.stop()
    kubectl.delete(f"{APPS}/{namespace}/deployments/web")
    start_watcher()
    until(lambda: observed(cluster.pk, "Deployment", namespace, "web") is None)


def test_a_dead_cluster_turns_unreachable_and_changes_nothing_for_others(
    watched, authority, kubectl, namespace, unused_tcp_port
):
    dead = cluster_at(f"https://127.0.0.1:{unused_tcp_port}", authority.pem)
    until(lambda: Cluster.objects.get(pk=dead.pk).status == "unreachable")
    dead.refresh_from_db()
    assert "refused" in dead.status_message
    assert not watching(dead.pk, "Pod")
    kubectl.create(f"{APPS}/{namespace}/deployments", web(replicas=0))
    until(lambda: observed(watched.pk, "Deployment", namespace, "web"), seconds=3)
    watched.refresh_from_db()
    assert watched.status == "connected"


def test_a_status_that_another_hand_wrote_is_put_right(watched):
    Cluster.objects.filter(pk=watched.pk).update(status="unreachable", status_message="somebody thought so")
    until(lambda: Cluster.objects.get(pk=watched.pk).status == "connected")


def test_a_removed_cluster_is_let_go_and_a_new_one_is_taken_up(watched, watcher, sandbox_cluster):
    watched.delete()
    until(lambda: not watcher.watcher.sharing.owns(watched.pk), seconds=4)
    assert not Observation.objects.exists()
    again = reachable_cluster(sandbox_cluster.kubeconfig)
    until(lambda: watching(again.pk, "Pod"))


def test_two_watchers_share_the_clusters_and_one_takes_over_from_the_other(cluster, sandbox_cluster, start_watcher):
    other = reachable_cluster(sandbox_cluster.kubeconfig)
    first, second = start_watcher(), start_watcher()

    def owned(watcher) -> set:
        return {pk for pk in (cluster.pk, other.pk) if watcher.watcher.sharing.owns(pk)}

    until(lambda: len(owned(first)) == 1 and len(owned(second)) == 1)
    assert owned(first) != owned(second)
    first.stop()
    until(lambda: owned(second) == {cluster.pk, other.pk} and watching(cluster.pk, "Pod") and watching(other.pk, "Pod"))
