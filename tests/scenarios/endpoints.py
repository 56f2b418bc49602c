"""The Kubernetes Service in front of a workload, and who stands in its EndpointSlices, looked at ten times a second."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.conftest import until
from tests.kubectl import Kubectl
from tests.scenarios.conftest import Workload

EVERY_SECONDS = 0.1


def serve(web: Workload, replicas: int = 4) -> None:
    """Put a Service in front of the workload, with so many pods behind it."""
    namespace = web.target.namespace
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": {"team": "payments"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }
    web.kubectl.create(f"/api/v1/namespaces/{namespace}/services", body)
    web.kubectl.patch(web.path, {"spec": {"replicas": replicas}})
    web.target.kubernetes_service = "web"
    web.target.save()
    until(web.ready)
    until(lambda: len(ready_pods(web.kubectl, namespace, "web")) == replicas)


def service(web: Workload, name: str = "web") -> dict[str, Any]:
    """A Service as it is now."""
    return web.kubectl.get(f"/api/v1/namespaces/{web.target.namespace}/services/{name}")


def service_names(web: Workload) -> set[str]:
    """Names of all Services in the namespace of the workload."""
    found = web.kubectl.get(f"/api/v1/namespaces/{web.target.namespace}/services")["items"]
    return {one["metadata"]["name"] for one in found}


def ready_pods(kubectl: Kubectl, namespace: str, name: str) -> dict[str, str]:
    """Ready pods of a Service: name by uid, as its slices say."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    items = kubectl.get(f"{path}?labelSelector=kubernetes.io/service-name%3D{name}")["items"]
    return {
        endpoint["targetRef"]["uid"]: endpoint["targetRef"]["name"]
        for one in items
        for endpoint in one.get("endpoints") or []
        if endpoint["conditions"].get("ready")
    }


def versions(web: Workload, name: str = "web") -> set[str]:
    """Image tags of the pods that a Service leads to now."""
    pods = web.kubectl.get(f"/api/v1/namespaces/{web.target.namespace}/pods")["items"]
    tags = {pod["metadata"]["uid"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in pods}
    return {tags.get(uid, "gone") for uid in ready_pods(web.kubectl, web.target.namespace, name)}


class Watched:
    """Polls the slices of `web` while a test goes on; `fewest` is the least number of ready endpoints ever seen,
    `served` the uids of all the pods that ever were ready there."""

    def __init__(self, web: Workload, kubeconfig: Path | str) -> None:
        self.web = web
        self.kubeconfig = kubeconfig
        self.fewest = 10_000
        self.served: set[str] = set()
        self.looks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        with Kubectl(self.kubeconfig) as kubectl:
            while not self._stop.is_set():
                ready = ready_pods(kubectl, self.web.target.namespace, "web")
                self.fewest = min(self.fewest, len(ready))
                self.served |= ready.keys()
                self.looks += 1
                time.sleep(EVERY_SECONDS)
