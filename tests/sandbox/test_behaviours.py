"""Pods behave as the suffix of their image tag or their annotation says (api.md, demo behaviour)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.stages import BEHAVIOUR_ANNOTATION
from tests.conftest import until
from tests.kubectl import Kubectl

pytestmark = pytest.mark.sandbox


class Pods:
    """The Pods of one namespace."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl, self._path = kubectl, f"/api/v1/namespaces/{namespace}"

    def run(self, *images: str, name: str = "pod", annotations: dict[str, str] | None = None, **spec: Any) -> None:
        containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
        metadata = {"name": name, "annotations": annotations or {}}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers} | spec}
        until(lambda: self._kubectl.exists(f"{self._path}/serviceaccounts/default"))
        self._kubectl.create(f"{self._path}/pods", body)

    def annotate(self, behaviour: str | None) -> None:
        change = {"metadata": {"annotations": {BEHAVIOUR_ANNOTATION: behaviour}}}
        self._kubectl.patch(f"{self._path}/pods/pod", change)

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self._kubectl.get(f"{self._path}/pods/pod")["status"]
        return status

    def container(self, number: int = 0) -> dict[str, Any]:
        containers: list[dict[str, Any]] = self.status.get("containerStatuses", [])
        return containers[number] if containers else {}

    def waits_for(self) -> str:
        return str(self.container().get("state", {}).get("waiting", {}).get("reason", ""))

    def warnings(self) -> list[str]:
        events = self._kubectl.get(f"{self._path}/events")["items"]
        return [f"{event['reason']}: {event['message']}" for event in events if event["type"] == "Warning"]

    @property
    def is_ready(self) -> bool:
        conditions = {item["type"]: item["status"] for item in self.status.get("conditions", [])}
        return conditions.get("Ready") == "True"


@pytest.fixture
def pods(kubectl: Kubectl, namespace: str) -> Pods:
    """The Pods of a fresh namespace."""
    return Pods(kubectl, namespace)


@pytest.mark.parametrize("tag", ["1.0", "1.0-errors", "1.0-slow", "1.0-unreadyish"])
def test_pods_that_serve_become_ready_and_get_an_address(pods: Pods, tag: str) -> None:
    pods.run(f"registry.shop.example/app:{tag}")

    until(lambda: pods.is_ready)
    assert pods.status["phase"] == "Running"
    assert pods.status["podIP"].startswith("10.244.")


def test_gates_and_init_containers_do_not_keep_a_pod_from_becoming_ready(pods: Pods) -> None:
    init = [{"name": "migrate", "image": "m:1"}, {"name": "proxy", "image": "p:1", "restartPolicy": "Always"}]
    pods.run("app:1.0", initContainers=init, readinessGates=[{"conditionType": "example.com/open"}])

    until(lambda: pods.is_ready)
    states = [next(iter(part["state"])) for part in pods.status["initContainerStatuses"]]
    assert states == ["terminated", "running"]


def test_unready_runs_and_never_becomes_ready(pods: Pods) -> None:
    pods.run("app:1.0-unready")

    until(lambda: pods.container().get("state", {}).get("running"))
    assert not pods.is_ready
    until(lambda: any("Readiness probe failed" in warning for warning in pods.warnings()))


def test_nopull_fails_first_and_then_backs_off(pods: Pods) -> None:
    pods.run("registry.shop.example/app:1.0-nopull")

    until(lambda: pods.waits_for() == "ErrImagePull")
    until(lambda: pods.waits_for() == "ImagePullBackOff")
    assert "registry.shop.example/app:1.0-nopull" in pods.container()["state"]["waiting"]["message"]
    assert any(warning.startswith("Failed: Failed to pull image") for warning in pods.warnings())
    assert pods.status["phase"] == "Pending"


def test_crash_restarts_more_and_more_often(pods: Pods) -> None:
    pods.run("app:1.0-crash")

    until(lambda: pods.container().get("restartCount", 0) >= 2)
    assert pods.waits_for() == "CrashLoopBackOff"
    assert pods.container()["lastState"]["terminated"]["exitCode"] == 1


def test_badconfig_tells_what_is_missing(pods: Pods) -> None:
    pods.run("app:1.0-badconfig")

    until(lambda: pods.waits_for() == "CreateContainerConfigError")
    assert "not found" in pods.container()["state"]["waiting"]["message"]


def test_only_the_container_with_the_tag_fails(pods: Pods) -> None:
    pods.run("proxy:2.0", "app:1.0-crash@sha256:" + "0" * 64)

    until(lambda: pods.container(1).get("restartCount", 0) >= 1)
    assert "running" in pods.container(0)["state"]


def test_the_annotation_does_the_same_and_may_change(pods: Pods) -> None:
    pods.run("app:1.0", annotations={BEHAVIOUR_ANNOTATION: "unready"})
    until(lambda: pods.container().get("state", {}).get("running"))
    assert not pods.is_ready

    pods.annotate(None)
    until(lambda: pods.is_ready)

    pods.annotate("unready")
    until(lambda: not pods.is_ready)


def test_a_deleted_pod_stays_until_its_prestop_hook_has_slept(pods: Pods, kubectl: Kubectl, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/pod"
    hook = {"preStop": {"sleep": {"seconds": 3}}}
    until(lambda: kubectl.exists(f"/api/v1/namespaces/{namespace}/serviceaccounts/default"))
    spec = {"containers": [{"name": "c", "image": "app:1.0", "lifecycle": hook}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
    kubectl.create(f"/api/v1/namespaces/{namespace}/pods", body)
    until(lambda: pods.is_ready)

    kubectl.delete(path)
    deleted_at = time.monotonic()

    until(lambda: not kubectl.exists(path))
    assert time.monotonic() - deleted_at >= 3


def test_a_deleted_pod_goes(pods: Pods, kubectl: Kubectl, namespace: str) -> None:
    pods.run("app:1.0")
    until(lambda: pods.is_ready)

    kubectl.delete(f"/api/v1/namespaces/{namespace}/pods/pod")

    until(lambda: not kubectl.exists(f"/api/v1/namespaces/{namespace}/pods/pod"))
