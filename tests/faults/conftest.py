"""A whole portal with a sandbox of its own, both of which these tests may hurt."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cluster import Sandbox
from tests.conftest import until
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl
from tests.portal_run import PortalRun

IMAGE = "registry.shop.example/web"


class Field:
    """A portal, its cluster, and one Deployment `web` that is a target."""

    def __init__(self, portal: PortalRun, sandbox: Sandbox) -> None:
        self.portal = portal
        self.sandbox = sandbox
        self.kubectl = Kubectl(sandbox.kubeconfig)
        token = portal.manage("create_token", "admin", "--name", "tests")
        self.http = httpx.Client(
            base_url=f"{portal.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=75,
            trust_env=False,
        )

    def prepare(self, namespace: str, *, replicas: int) -> None:
        """A Deployment of 1.0 in a namespace of its own, and the catalog rows that point at it."""
        self.namespace = namespace
        self.kubectl.create(
            "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        self.path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
        bounds = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        body = deployment("web", f"{IMAGE}:1.0", replicas=replicas, strategy=bounds)
        self.kubectl.create(self.path.rpartition("/")[0], body)
        until(lambda: self.live()["status"].get("readyReplicas") == replicas)
        self.post("/teams/", {"name": namespace, "title": ""})
        self.post("/services/", {"name": namespace, "team": namespace})
        target = {"environment": "dev", "cluster": "sandbox", "namespace": namespace, "workload": "web"}
        self.post(f"/services/{namespace}/targets/", target)

    def live(self) -> dict[str, Any]:
        return self.kubectl.get(self.path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.status_code in (200, 201, 202), answer.text
        said: dict[str, Any] = answer.json()
        return said

    def deploy(self, version: str) -> str:
        """Start a release; answers its id."""
        wish = {"service": self.namespace, "environment": "dev", "image": f"{IMAGE}:{version}"}
        return str(self.post("/releases/", wish)["id"])

    def release(self, release_id: str) -> dict[str, Any]:
        """The release as the API tells it; the web process may be starting again just now."""
        give_up = time.monotonic() + 30
        while True:
            try:
                answer = self.http.get(f"/releases/{release_id}/")
                if answer.status_code == 200:
                    said: dict[str, Any] = answer.json()
                    return said
            except httpx.TransportError:
                pass
            assert time.monotonic() < give_up, "the API does not answer"
            time.sleep(0.1)

    def events(self, release_id: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"/releases/{release_id}/events/", params={"limit": 200})
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    def wait_for(self, release_id: str, *, seconds: float = 90) -> dict[str, Any]:
        """The release once it has ended."""
        ended = ("succeeded", "failed", "aborted", "superseded")
        until(lambda: self.release(release_id)["status"] in ended, seconds=seconds)
        return self.release(release_id)


@pytest.fixture(scope="module")
def faulty_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that nobody else uses."""
    sandbox = Sandbox(tmp_path_factory.mktemp("cluster"))
    sandbox.ensure_up(owner_pid=os.getpid())
    yield sandbox
    sandbox.down()


@pytest.fixture(scope="module")
def faulty_portal(faulty_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalRun]:
    """A portal that nobody else uses, with that sandbox registered."""
    run = PortalRun(tmp_path_factory.mktemp("portal"))
    try:
        run.start()
        run.manage("first_steps", "--kubeconfig", str(Path(faulty_sandbox.kubeconfig)))
        yield run
    finally:
        run.stop()


@pytest.fixture
def field(faulty_portal: PortalRun, faulty_sandbox: Sandbox, request: pytest.FixtureRequest) -> Field:
    """`web` with four pods, ready to be released while things die."""
    field = Field(faulty_portal, faulty_sandbox)
    number = abs(hash(request.node.nodeid)) % 10**8
    field.prepare(f"f-{number}", replicas=4)
    return field
