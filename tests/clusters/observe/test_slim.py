"""Objects are cut down to what pages and ticks read."""

from __future__ import annotations

import pytest

from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.slim.pods import is_coming_up
from clusters.observe.slim.workloads import is_whole
from tests.clusters.observe.objects import deployment, owned_by, pod, raw


def waits(reason: str, *, restarts: int = 0) -> dict[str, object]:
    return {"name": "web", "ready": False, "restartCount": restarts, "state": {"waiting": {"reason": reason}}}


def test_a_deployment_keeps_counts_images_selector_strategy_and_our_annotations():
    seen = see(BY_NAME["Deployment"], deployment())
    assert (seen.name, seen.namespace, seen.generation, seen.resource_version) == ("web", "shop", 4, 7)
    slim = seen.slim
    assert (slim["desired"], slim["replicas"], slim["ready"], slim["updated"], slim["available"]) == (3, 3, 2, 1, 0)
    assert (slim["generation"], slim["observed_generation"]) == (4, 3)
    assert slim["images"] == {"web": "shop/web:2"}
    assert slim["selector"] == {"matchLabels": {"app": "web"}}
    assert slim["template_labels"] == {"app": "web", "tier": "front"}
    assert slim["strategy"] == {"type": "RollingUpdate", "max_surge": "25%", "max_unavailable": 0}
    assert slim["annotations"] == {"slipway.dev/depends-on": "basket"}
    assert slim["revision"] == "3"
    assert slim["paused"] is False


def test_a_pod_keeps_the_words_of_a_container_that_does_not_start():
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "shop/web:2"'}}
    seen = see(
        BY_NAME["Pod"],
        pod(
            containerStatuses=[
                {"name": "web", "ready": False, "restartCount": 0, "state": waiting, "lastState": {}},
                {
                    "name": "proxy",
                    "ready": True,
                    "restartCount": 4,
                    "state": {"running": {"startedAt": "2026-11-24T10:00:05Z"}},
                    "lastState": {
                        "terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-24T10:00:04Z"}
                    },
                },
            ],
            conditions=[{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
        ),
    )
    web, proxy = seen.slim["containers"]
    assert web["state"] == {
        "is": "waiting",
        "reason": "ImagePullBackOff",
        "message": 'Back-off pulling image "shop/web:2"',
    }
    assert proxy["state"]["is"] == "running"
    assert proxy["last_state"]["exit_code"] == 1
    assert (seen.slim["ready"], seen.slim["ready_containers"], seen.slim["restarts"]) == (False, 1, 4)
    assert (seen.slim["node"], seen.slim["phase"]) == ("node-1", "Pending")
    assert (seen.owner_kind, seen.owner_name) == ("ReplicaSet", "web-6d4f")


@pytest.mark.parametrize(
    ("status", "is_it"),
    [
        ({"phase": "Pending"}, True),
        ({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}, True),
        ({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]}, False),
        ({"phase": "Pending", "containerStatuses": [waits("ContainerCreating")]}, True),
        ({"phase": "Pending", "containerStatuses": [waits("ImagePullBackOff")]}, False),
        ({"phase": "Pending", "initContainerStatuses": [waits("CrashLoopBackOff", restarts=1)]}, False),
        ({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}, False),
        ({"phase": "Failed"}, False),
    ],
)
def test_a_pod_is_coming_up_until_it_runs_or_something_says_that_it_will_not(status: dict[str, object], is_it: bool):
    spec = {"containers": [{"name": "web"}], "initContainers": [{"name": "web"}]}
    slim = see(BY_NAME["Pod"], raw("Pod", spec=spec, status=status)).slim
    assert is_coming_up(slim) is is_it


@pytest.mark.parametrize(
    ("kind", "status", "is_it"),
    [
        ("Deployment", {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "observedGeneration": 4}, True),
        ("Deployment", {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "observedGeneration": 3}, False),
        ("Deployment", {"replicas": 4, "updatedReplicas": 3, "availableReplicas": 3, "observedGeneration": 4}, False),
        ("Deployment", {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3, "observedGeneration": 4}, False),
        ("ReplicaSet", {"replicas": 3, "availableReplicas": 3, "observedGeneration": 4}, True),
        ("ReplicaSet", {"replicas": 3, "availableReplicas": 2, "observedGeneration": 4}, False),
    ],
)
def test_a_workload_is_whole_when_all_it_asks_for_is_there(kind: str, status: dict[str, int], is_it: bool):
    seen = see(BY_NAME[kind], raw(kind, metadata={"generation": 4}, spec={"replicas": 3}, status=status))
    assert is_whole(seen.slim) is is_it


SPEC = {"f:spec": {}}


@pytest.mark.parametrize(
    ("writers", "conditions", "is_it"),
    [
        ([("kubectl", "01", SPEC), ("slipway", "02", SPEC)], [], True),
        ([("slipway", "01", SPEC), ("kubectl", "02", SPEC)], [], False),
        ([("slipway", "02", SPEC), ("kubectl", "02", SPEC)], [], False),
        ([("slipway", "01", SPEC), ("kubectl", "02", {"f:metadata": {}})], [], True),
        ([("kube-controller-manager", "01", SPEC)], [], True),
        ([("slipway", "01", SPEC)], [("ReplicaFailure", "True")], False),
        ([("slipway", "01", SPEC)], [("Progressing", "False")], False),
        ([("slipway", "01", SPEC)], [("Progressing", "True")], True),
        ([], [], False),
    ],
)
def test_a_workload_is_on_its_way_while_nobody_else_wrote_it_and_nothing_is_wrong(
    writers: list[tuple[str, str, dict[str, object]]], conditions: list[tuple[str, str]], is_it: bool
):
    fields = [{"manager": who, "time": f"2026-01-01T00:00:{at}Z", "fieldsV1": what} for who, at, what in writers]
    status = {"conditions": [{"type": kind, "status": value} for kind, value in conditions]}
    seen = see(BY_NAME["ReplicaSet"], raw("ReplicaSet", metadata={"managedFields": fields}, spec={}, status=status))
    assert seen.on_its_way is is_it


def test_a_pod_requests_its_containers_or_its_largest_init_container():
    assert see(BY_NAME["Pod"], pod()).slim["requests"] == {"cpu_millis": 2000, "memory_bytes": 96 * 2**20}


def test_a_replica_set_belongs_to_its_deployment():
    metadata = owned_by("Deployment", "web") | {"labels": {"pod-template-hash": "6d4f"}}
    seen = see(BY_NAME["ReplicaSet"], raw("ReplicaSet", "web-6d4f", metadata=metadata, spec={"replicas": 0}))
    assert (seen.owner_uid, seen.slim["hash"], seen.slim["desired"]) == ("uid-Deployment-shop-web", "6d4f", 0)


def test_a_node_that_stopped_reporting_is_neither_ready_nor_not():
    status = {"conditions": [{"type": "Ready", "status": "Unknown"}], "capacity": {"cpu": "8", "memory": "32Gi"}}
    labels = {"topology.kubernetes.io/zone": "a", "node-role.kubernetes.io/worker": ""}
    seen = see(BY_NAME["Node"], raw("Node", "node-1", namespace="", metadata={"labels": labels}, status=status))
    assert seen.slim["ready"] is None
    assert (seen.slim["zone"], seen.slim["roles"]) == ("a", ["worker"])
    assert seen.slim["capacity"] == {"cpu_millis": 8000, "memory_bytes": 32 * 2**30, "pods": 0}


def test_an_event_reads_alike_whether_written_the_old_or_the_new_way():
    about = {"kind": "Pod", "name": "web-1", "namespace": "shop", "uid": "u"}
    old = raw("Event", "e1", involvedObject=about, reason="Failed", count=3, lastTimestamp="2026-11-24T10:01:00Z")
    new = raw(
        "Event",
        "e2",
        involvedObject=about,
        reason="Failed",
        eventTime="2026-11-24T10:00:30Z",
        series={"count": 3, "lastObservedTime": "2026-11-24T10:01:00Z"},
    )
    for event in (old, new):
        slim = see(BY_NAME["Event"], event).slim
        assert (slim["reason"], slim["count"], slim["last"]) == ("Failed", 3, "2026-11-24T10:01:00Z")
        assert slim["involved"]["name"] == "web-1"


def test_an_endpoint_without_a_ready_condition_is_ready_and_a_terminating_one_is_not():
    endpoints = [
        {"conditions": {}, "targetRef": {"name": "web-1"}},
        {"conditions": {"ready": True}, "targetRef": {"name": "web-2"}},
        {"conditions": {"ready": False}},
        {"conditions": {"ready": False, "terminating": True}},
    ]
    labels = {"kubernetes.io/service-name": "web"}
    slim = see(BY_NAME["EndpointSlice"], raw("EndpointSlice", metadata={"labels": labels}, endpoints=endpoints)).slim
    assert (slim["service"], slim["ready_pods"]) == ("web", ["web-1", "web-2"])
    assert (slim["ready"], slim["not_ready"], slim["terminating"]) == (2, 1, 1)


def test_a_daemon_set_counts_nodes():
    status = {"desiredNumberScheduled": 5, "numberReady": 4, "numberAvailable": 4}
    slim = see(BY_NAME["DaemonSet"], raw("DaemonSet", status=status)).slim
    assert (slim["desired"], slim["ready"], slim["available"]) == (5, 4, 4)


def test_an_autoscaler_names_its_target():
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    slim = see(BY_NAME["HorizontalPodAutoscaler"], raw("HorizontalPodAutoscaler", spec=spec)).slim
    assert (slim["target"], slim["min"], slim["max"]) == ({"kind": "Deployment", "name": "web"}, 1, 9)
