"""What is asked about a cluster is answered from rows, in a bounded number of queries, with its age."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clusters import queries
from clusters.models import Cluster
from tests.clusters.observe.objects import deployment, pod, raw
from tests.factories.clusters import new_cluster, observed, watched_now

MOST_QUERIES = 5


def node(name: str, *, kubelet: str = "v1.37.2") -> dict:
    resources = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    status = {
        "capacity": resources,
        "allocatable": resources | {"cpu": "7500m"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": kubelet, "containerRuntimeVersion": "containerd://2.1"},
    }
    return raw("Node", name, namespace="", status=status)


@pytest.fixture
def cluster(db: None) -> Cluster:
    cluster = new_cluster("prod-eu", api_url="https://api:6443")
    for object_ in (
        node("node-1"),
        node("node-2", kubelet="v1.33.0"),
        pod("web-6d4f-a"),
        pod("web-6d4f-b"),
        pod("web-6d4f-ended", phase="Succeeded"),
        deployment("web"),
        raw("DaemonSet", "agent", namespace="ops"),
        raw("Namespace", "shop", namespace="", status={"phase": "Active"}),
        raw("Namespace", "ops", namespace="", status={"phase": "Active"}),
        raw("Event", "e1", reason="Pulled", lastTimestamp="2026-11-24T10:00:00Z"),
        raw("Event", "e2", reason="Failed", lastTimestamp="2026-11-24T11:00:00Z"),
        raw("Event", "e3", namespace="ops", reason="Killing", eventTime="2026-11-24T12:00:00.000000Z"),
    ):
        observed(cluster, object_)
    watched_now(cluster)
    return cluster


def test_info_sums_nodes_and_what_pods_request(cluster, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        info = queries.info(cluster)
    assert info["cluster_info"] == [{"name": "Kubernetes control plane", "url": "https://api:6443"}]
    assert (info["node_count"], info["ready_nodes"]) == (2, 2)
    assert info["capacity"] == {"cpu_millis": 16000, "memory_bytes": 64 * 2**30, "pods": 220}
    assert info["allocatable"]["cpu_millis"] == 15000
    assert info["requested"] == {"cpu_millis": 4000, "memory_bytes": 2 * 96 * 2**20, "pods": 2}
    assert info["container_runtimes"] == ["containerd://2.1"]
    assert [warning["code"] for warning in info["warnings"]] == ["kubelet_too_old"]
    assert not info["stale"]


def test_nodes_tell_what_is_requested_of_each(cluster, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        first, second = queries.nodes(cluster)["results"]
    assert (first["name"], first["requested"]["pods"], first["ready"]) == ("node-1", 2, True)
    assert second["requested"] == {"cpu_millis": 0, "memory_bytes": 0, "pods": 0}


def test_namespaces_count_workloads_and_pods(cluster, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = queries.namespaces(cluster)
    found = {row["name"]: (row["workloads"], row["pods"]) for row in answer["results"]}
    assert found == {"ops": (1, 0), "shop": (1, 3)}
    assert answer["count"] == 2


def test_workloads_of_one_namespace_or_of_all(cluster, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        everything = queries.workloads(cluster)
    assert [(row["kind"], row["name"]) for row in everything["results"]] == [
        ("DaemonSet", "agent"),
        ("Deployment", "web"),
    ]
    (web,) = queries.workloads(cluster, "shop")["results"]
    assert (web["images"], web["desired"], web["ready"]) == ({"web": "shop/web:2"}, 3, 2)
    page = queries.workloads(cluster, limit=1, offset=1)
    assert ([row["name"] for row in page["results"]], page["count"]) == (["web"], 2)


def test_the_latest_events_come_first(cluster, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = queries.events(cluster)
    assert [row["reason"] for row in answer["results"]] == ["Killing", "Failed", "Pulled"]
    assert [row["reason"] for row in queries.events(cluster, "shop", limit=1)["results"]] == ["Failed"]


def test_nobody_sees_more_namespaces_than_they_were_granted(cluster):
    only = {"ops"}
    assert [row["name"] for row in queries.namespaces(cluster, only=only)["results"]] == ["ops"]
    assert [row["name"] for row in queries.workloads(cluster, only=only)["results"]] == ["agent"]
    assert queries.workloads(cluster, "shop", only=only)["results"] == []
    assert [row["reason"] for row in queries.events(cluster, only=only)["results"]] == ["Killing"]
    assert queries.events(cluster, only=set())["count"] == 0


def test_a_cluster_nobody_has_seen_says_so(db):
    empty = new_cluster()
    for answer in (queries.info(empty), queries.nodes(empty), queries.workloads(empty), queries.events(empty)):
        assert (answer["as_of"], answer["stale"]) == (None, True)


def test_health_that_was_never_checked_is_unknown_and_stale(db):
    answer = queries.health(new_cluster())
    assert (answer["status"], answer["stale"], answer["checked_at"]) == ("unknown", True, None)
    assert {component["status"] for component in answer["components"]} == {"unknown"}
    assert len(answer["components"]) == 7


@pytest.mark.parametrize(("age_seconds", "stale"), [(20, False), (40, True)])
def test_health_turns_stale_after_two_missed_refreshes(db, age_seconds, stale, django_assert_num_queries):
    checked = timezone.now() - timedelta(seconds=age_seconds)
    cluster = new_cluster(health={"status": "healthy", "components": [{}]}, health_at=checked)
    with django_assert_num_queries(0):
        answer = queries.health(cluster)
    assert (answer["status"], answer["stale"], answer["checked_at"]) == ("healthy", stale, checked)


def test_namespaces_tell_what_their_running_pods_ask_for_and_are_limited_to(cluster):
    limited = pod("api-1")
    limited["metadata"]["namespace"] = "ops"
    limited["spec"]["initContainers"] = []
    limited["spec"]["containers"] = [
        {"name": "a", "image": "a:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    ]
    observed(cluster, limited)
    found = {row["name"]: row for row in queries.namespaces(cluster)["results"]}
    assert found["shop"]["requested"] == {"cpu_millis": 4000, "memory_bytes": 2 * 96 * 2**20}
    assert found["shop"]["limits"] == {"cpu_millis": 0, "memory_bytes": 0}
    assert found["ops"]["limits"] == {"cpu_millis": 1000, "memory_bytes": 2**30}
    assert [row["name"] for row in queries.namespaces(cluster, only={"ops"})["results"]] == ["ops"]
