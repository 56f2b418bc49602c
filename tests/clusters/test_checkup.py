"""A check gathers evidence from the real cluster, judges and stores it; pages read what was stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clusters import checkup, queries
from clusters.evidence import from_observations
from clusters.models import Cluster
from clusters.observe.sharing import Sharing, lease_name
from durable.lease import take
from tests.clusters.observe.objects import owned_by, raw
from tests.factories.clusters import cluster_at, new_cluster, observed, reachable_cluster, watched_now


def components(health: dict) -> dict[str, tuple[str, str]]:
    return {part["name"]: (part["status"], part["source"]) for part in health["components"]}


def node(name: str = "node-1") -> dict:
    return raw("Node", name, namespace="", status={"conditions": [{"type": "Ready", "status": "True"}]})


@pytest.mark.sandbox
@pytest.mark.django_db
def test_the_sandbox_is_healthy_where_it_was_observed_and_unknown_where_not(sandbox_cluster, valkey):
    cluster = reachable_cluster(sandbox_cluster.kubeconfig)
    observed(cluster, node())
    watched_now(cluster)
    health = checkup.check_up(cluster.pk, owner="test")
    assert components(health) == {
        "kube-apiserver": ("healthy", "probe"),
        "etcd": ("healthy", "inferred"),
        "kube-scheduler": ("healthy", "lease"),
        "kube-controller-manager": ("healthy", "lease"),
        "kubelet": ("healthy", "node"),
        "kube-proxy": ("unknown", "none"),
        "coredns": ("unknown", "none"),
    }
    cluster.refresh_from_db()
    answer = queries.health(cluster)
    assert (answer["status"], answer["stale"]) == ("healthy", False)
    assert all(part["observed_at"] for part in answer["components"])


@pytest.mark.django_db
def test_add_ons_are_found_by_name_or_label():
    cluster = new_cluster()
    labels = {"k8s-app": "kube-dns"}
    status = {"desiredNumberScheduled": 3, "numberAvailable": 2}
    observed(cluster, raw("DaemonSet", "kube-proxy", namespace="kube-system", status=status))
    observed(cluster, raw("Deployment", "rke2-coredns", namespace="kube-system", metadata={"labels": labels}))
    observed(cluster, raw("Pod", "etcd-master-1", namespace="kube-system", metadata={"labels": {"component": "etcd"}}))
    watched_now(cluster)
    seen = from_observations(cluster)
    assert (seen["workloads"]["kube-proxy"].desired, seen["workloads"]["kube-proxy"].ready) == (3, 2)
    assert seen["workloads"]["coredns"].name == "rke2-coredns"
    assert (seen["static_pods"]["etcd"].desired, seen["static_pods"]["etcd"].ready) == (1, 0)


@pytest.mark.django_db
def test_mirror_pods_of_every_control_plane_node_are_counted_as_static_pods():
    cluster = new_cluster()
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    for master, status in (("master-1", ready), ("master-2", {})):
        for component in ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"):
            metadata = {"labels": {"component": component, "tier": "control-plane"}, **owned_by("Node", master)}
            name = f"{component}-{master}"
            observed(cluster, raw("Pod", name, namespace="kube-system", metadata=metadata, status=status))
    watched_now(cluster)
    static_pods = from_observations(cluster)["static_pods"]
    assert {name: (pods.kind, pods.ready, pods.desired) for name, pods in static_pods.items()} == dict.fromkeys(
        ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"), ("static Pods", 1, 2)
    )


@pytest.mark.django_db
def test_certificates_of_the_connection_are_kept_also_while_nobody_answers(authority, serve, valkey):
    server = serve(lambda call: call.send(200, '{"items": []}'))
    cluster = cluster_at(server.url, authority.pem)
    seen = checkup.check_up(cluster.pk, owner="test")["validities"]
    assert [each["of"] for each in seen] == ["server_certificate"]
    take(lease_name(cluster.pk), "watcher", 60)
    Cluster.objects.filter(pk=cluster.pk).update(status="unreachable")
    assert checkup.check_up(cluster.pk, owner="test")["validities"] == seen
    cluster.refresh_from_db()
    assert queries.health(cluster)["validities"][0]["days_left"] >= 0


@pytest.mark.django_db
def test_an_unreachable_cluster_is_unhealthy_and_nothing_else_is_claimed(authority, unused_tcp_port, valkey):
    cluster = cluster_at(f"https://127.0.0.1:{unused_tcp_port}", authority.pem)
    health = checkup.check_up(cluster.pk, owner="test")
    assert health["status"] == "unhealthy"
    assert components(health)["kube-apiserver"] == ("unhealthy", "probe")
    assert {status for name, (status, _) in components(health).items() if name != "kube-apiserver"} == {"unknown"}


@pytest.mark.django_db
def test_a_cluster_that_the_watcher_gave_up_is_not_asked_again(serve, authority, valkey):
    server = serve(lambda call: call.send(200, "{}"))
    cluster = cluster_at(server.url, authority.pem)
    Cluster.objects.filter(pk=cluster.pk).update(status="unreachable", status_message="no answer in time")
    Sharing("watcher").settle([cluster.pk])
    health = checkup.check_up(cluster.pk, owner="test")
    assert "no answer in time" in health["components"][0]["message"]
    assert server.calls == []


@pytest.mark.django_db
def test_rights_that_are_missing_are_told_and_prove_nothing(serve, authority, valkey):
    server = serve(
        lambda call: call.send(403, '{"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}')
    )
    cluster = cluster_at(server.url, authority.pem)
    observed(cluster, node())
    watched_now(cluster)
    health = checkup.check_up(cluster.pk, owner="test")
    found = components(health)
    assert found["kube-apiserver"] == ("unknown", "probe")
    assert {found[name] for name in ("etcd", "kube-scheduler", "kube-controller-manager")} == {("unknown", "none")}
    assert found["kubelet"] == ("healthy", "node")


@pytest.mark.django_db
def test_two_checks_of_one_cluster_do_not_run_at_once(valkey):
    cluster = new_cluster()
    take(f"health:{cluster.pk}", "another worker", 10)
    assert checkup.check_up(cluster.pk, owner="test") is None


@pytest.mark.django_db
def test_only_clusters_whose_turn_it_is_are_due(authority):
    now = timezone.now()
    fresh, old, never = (cluster_at("https://192.0.2.1:1", authority.pem) for _ in range(3))
    new_cluster()  # without credentials there is nothing to ask with
    Cluster.objects.filter(pk=fresh.pk).update(health_at=now - timedelta(seconds=5))
    Cluster.objects.filter(pk=old.pk).update(health_at=now - timedelta(seconds=20))
    assert set(checkup.due()) == {old.pk, never.pk}
