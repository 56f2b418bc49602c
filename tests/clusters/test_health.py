"""Seven components are judged by evidence alone, and nothing is healthy that was not observed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clusters.health import (
    COMPONENTS,
    Component,
    Evidence,
    LeaderLease,
    NodeSeen,
    Probe,
    WorkloadSeen,
    judge,
    overall,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GOOD = Evidence(
    at=NOW,
    livez=Probe("/livez", 200, {"ping": True, "log": True, "etcd": True}),
    readyz=Probe("/readyz", 200, {"ping": True, "etcd": True, "etcd-readiness": True, "shutdown": True}),
    leader_leases={
        name: LeaderLease(name, found=True, holder="master-1", renewed_at=NOW - timedelta(seconds=2))
        for name in ("kube-scheduler", "kube-controller-manager")
    },
    node_leases={"node-1": NOW - timedelta(seconds=4), "node-2": NOW - timedelta(seconds=9)},
    nodes=(NodeSeen("node-1", True), NodeSeen("node-2", True)),
    workloads={
        "kube-proxy": WorkloadSeen("DaemonSet", "kube-proxy", 2, 2),
        "coredns": WorkloadSeen("Deployment", "coredns", 2, 2),
    },
    observed_at=NOW - timedelta(seconds=1),
)


def seen(name: str, evidence: Evidence) -> Component:
    return next(component for component in judge(evidence) if component.name == name)


def test_all_seven_are_named_in_order_with_their_source():
    components = judge(GOOD)
    assert [component.name for component in components] == list(COMPONENTS)
    assert [component.source for component in components] == [
        "probe",
        "inferred",
        "lease",
        "lease",
        "node",
        "pod",
        "pod",
    ]
    assert {component.status for component in components} == {"healthy"}
    assert all(component.evidence for component in components)
    assert overall(components) == "healthy"


def test_without_any_evidence_nothing_is_healthy():
    components = judge(Evidence(at=NOW))
    assert {component.status for component in components} == {"unknown"}
    assert {component.source for component in components[1:]} == {"none"}
    assert all(component.message for component in components)
    assert overall(components) == "unknown"


def test_an_unreachable_api_server_is_unhealthy_and_hides_the_rest():
    api_server, *rest = judge(Evidence(at=NOW, unreachable="connection refused"))
    assert (api_server.status, api_server.source) == ("unhealthy", "probe")
    assert "connection refused" in api_server.message
    assert {component.status for component in rest} == {"unknown"}
    assert overall([api_server, *rest]) == "unhealthy"


def test_an_api_server_that_is_not_ready_names_the_check():
    readyz = Probe("/readyz", 500, {"ping": True, "informer-sync": False, "etcd": True})
    component = seen("kube-apiserver", replace(GOOD, readyz=readyz))
    assert component.status == "degraded"
    assert "informer-sync" in component.message


def test_an_api_server_that_is_not_live_is_unhealthy():
    livez = Probe("/livez", 500, {"ping": True, "poststarthook/start-apiextensions-controllers": False})
    assert seen("kube-apiserver", replace(GOOD, livez=livez)).status == "unhealthy"


def test_health_that_may_not_be_read_is_unknown_not_healthy():
    forbidden = Probe("/livez", 403, why="not allowed (403)")
    component = seen("kube-apiserver", replace(GOOD, livez=forbidden))
    assert component.status == "unknown"
    assert any("not allowed" in line for line in component.evidence)


def test_etcd_is_vouched_for_by_the_api_server_and_says_so():
    component = seen("etcd", GOOD)
    assert (component.status, component.source) == ("healthy", "inferred")
    assert component.evidence == ["/readyz [+]etcd", "/readyz [+]etcd-readiness"]
    broken = replace(GOOD, readyz=Probe("/readyz", 500, {"ping": True, "etcd": False}))
    assert seen("etcd", broken).status == "unhealthy"


@pytest.mark.parametrize(
    ("age_seconds", "status"), [(0, "healthy"), (15, "healthy"), (16, "degraded"), (60, "degraded"), (61, "unhealthy")]
)
def test_a_leader_is_as_alive_as_its_lease(age_seconds, status):
    lease = LeaderLease("kube-scheduler", found=True, holder="m", renewed_at=NOW - timedelta(seconds=age_seconds))
    component = seen("kube-scheduler", replace(GOOD, leader_leases={"kube-scheduler": lease}))
    assert (component.status, component.source) == (status, "lease")


def test_a_lease_from_a_clock_that_is_ahead_is_not_late():
    lease = LeaderLease("kube-scheduler", found=True, renewed_at=NOW + timedelta(seconds=30))
    assert seen("kube-scheduler", replace(GOOD, leader_leases={"kube-scheduler": lease})).status == "healthy"


def test_a_leader_without_lease_is_judged_by_its_static_pods():
    pods = {"kube-scheduler": WorkloadSeen("Pods", "kube-scheduler", 3, 2)}
    component = seen("kube-scheduler", replace(GOOD, leader_leases={}, static_pods=pods))
    assert (component.status, component.source) == ("degraded", "pod")


def test_a_lease_that_may_not_be_read_is_said():
    lease = LeaderLease("kube-scheduler", why="its lease cannot be read: forbidden")
    component = seen("kube-scheduler", replace(GOOD, leader_leases={"kube-scheduler": lease}))
    assert (component.status, component.source) == ("unknown", "none")
    assert "forbidden" in component.message


@pytest.mark.parametrize(
    ("ready", "status"),
    [((True, True), "healthy"), ((True, False), "degraded"), ((True, None), "degraded"), ((False, None), "unhealthy")],
)
def test_kubelets_are_as_ready_as_their_nodes(ready, status):
    nodes = tuple(NodeSeen(f"node-{number}", is_ready) for number, is_ready in enumerate(ready, start=1))
    assert seen("kubelet", replace(GOOD, nodes=nodes)).status == status


def test_a_ready_node_that_no_longer_renews_its_lease_is_named():
    leases = {"node-1": NOW - timedelta(seconds=51), "node-2": NOW}
    component = seen("kubelet", replace(GOOD, node_leases=leases))
    assert component.status == "degraded"
    assert "node-1" in component.message


def test_what_is_not_being_watched_proves_nothing():
    components = judge(replace(GOOD, is_current=False))
    assert [component.status for component in components[4:]] == ["unknown"] * 3
    assert components[4].observed_at == GOOD.observed_at


def test_an_add_on_that_was_not_found_says_what_was_looked_for():
    for name, word in (("kube-proxy", "k8s-app=kube-proxy"), ("coredns", "k8s-app=kube-dns")):
        component = seen(name, replace(GOOD, workloads={}))
        assert (component.status, component.source) == ("unknown", "none")
        assert word in component.message


@pytest.mark.parametrize(("ready", "status"), [(2, "healthy"), (1, "degraded"), (0, "unhealthy")])
def test_an_add_on_is_as_healthy_as_its_pods(ready, status):
    workloads = {"coredns": WorkloadSeen("Deployment", "coredns", 2, ready)}
    assert seen("coredns", replace(GOOD, workloads=workloads)).status == status


def test_an_add_on_scaled_to_nothing_is_not_healthy():
    workloads = {"coredns": WorkloadSeen("Deployment", "coredns", 0, 0)}
    assert seen("coredns", replace(GOOD, workloads=workloads)).status == "unknown"


def test_the_worst_component_decides():
    components = judge(replace(GOOD, workloads={"coredns": WorkloadSeen("Deployment", "coredns", 2, 0)}))
    assert overall(components) == "unhealthy"


def test_one_of_several_api_servers_that_is_not_ready_is_noticed_by_its_static_pod():
    pods = {"kube-apiserver": WorkloadSeen("static Pods", "kube-apiserver", 3, 2)}
    component = seen("kube-apiserver", replace(GOOD, static_pods=pods))
    assert component.status == "degraded"
    assert "static Pods kube-apiserver: 2 of 3 ready" in component.evidence


def test_static_pods_that_nobody_watches_now_vouch_for_nothing():
    pods = {name: WorkloadSeen("static Pods", name, 1, 1) for name in ("etcd", "kube-scheduler")}
    nothing_else = replace(GOOD, leader_leases={}, readyz=Probe("/readyz"), static_pods=pods)
    assert seen("etcd", nothing_else).status == seen("kube-scheduler", nothing_else).status == "healthy"
    unwatched = replace(nothing_else, is_current=False)
    assert seen("etcd", unwatched).status == seen("kube-scheduler", unwatched).status == "unknown"
